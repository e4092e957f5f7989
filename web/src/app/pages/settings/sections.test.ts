import { describe, expect, it } from 'vitest';
import { SECTIONS } from '../../routes';
import { mayOpen, SECTION_NAMES, sectionGroups } from './sections';

describe('the sections of the settings', () => {
  it('lists every section once for an administrator', () => {
    const listed = sectionGroups('admin').flatMap(({ sections }) => sections);
    expect(listed).toEqual([...SECTIONS]);
    expect(new Set(listed.map((section) => SECTION_NAMES[section])).size).toBe(SECTIONS.length);
  });

  it('keeps the rules of retention to administrators', () => {
    expect((['admin', 'coach', 'rep'] as const).map((role) => mayOpen('retention', role))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('keeps the audit log to administrators', () => {
    expect(mayOpen('audit', 'admin')).toBe(true);
    expect(mayOpen('audit', 'coach')).toBe(false);
    expect(mayOpen('audit', 'rep')).toBe(false);
  });

  it('leaves out a group without a section', () => {
    expect(sectionGroups('coach').map(({ name }) => name)).toEqual(['You', 'Workspace', 'Server']);
    expect(sectionGroups('rep').map(({ name }) => name)).toEqual(['You', 'Workspace']);
  });
});
