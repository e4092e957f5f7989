import '@fontsource-variable/inter/wght.css';
import '@/styles/tokens.css';
import '@/styles/base.css';
import { mount } from 'svelte';
import App from '@/app/App.svelte';
import { applyTheme } from '@/lib/theme';

applyTheme();

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
