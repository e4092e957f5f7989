import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

// Imports point one way: lib and ui know nobody, features know lib and ui, app knows all.
const forbid = (...groups) => ({
  'no-restricted-imports': [
    'error',
    { patterns: [{ group: groups, message: 'Imports go lib, ui -> features -> app.' }] },
  ],
});

export default ts.config(
  { ignores: ['dist', 'src/lib/api/schema.gen.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      // Routes here are plain paths, there is no SvelteKit to resolve them.
      'svelte/no-navigation-without-resolve': 'off',
    },
  },
  { files: ['src/lib/**'], rules: forbid('@/ui/**', '@/features/**', '@/app/**') },
  { files: ['src/ui/**'], rules: forbid('@/features/**', '@/app/**') },
  { files: ['src/features/**'], rules: forbid('@/features/**', '@/app/**', '../*/**') },
);
