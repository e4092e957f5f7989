import { tick } from 'svelte';

/** After a form was not accepted: goes to the first field that says why. */
export async function focusProblem(form: EventTarget | null): Promise<void> {
  await tick();
  if (form instanceof HTMLFormElement) form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
