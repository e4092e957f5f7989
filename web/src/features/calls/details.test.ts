import { describe, expect, it } from 'vitest';
import { changesOf, detailsOfMeta, metaOf, parseAmount, problemsOf, rebase, type Details } from './details';
import { formatMoney } from './words';

const before: Details = { ...detailsOfMeta('Acme', {}, ['team_1']), tags: ['new'] };

describe('details of a call', () => {
  it('start with what the server would take', () => {
    expect(before).toMatchObject({ team: 'team_1', visibility: 'team' });
    expect(detailsOfMeta('Acme', {}, ['a', 'b'])).toMatchObject({ team: '', visibility: 'private' });
  });

  it('are sent only where they differ', () => {
    expect(changesOf(before, before)).toEqual({});
    const after: Details = {
      ...before,
      title: ' Acme, first call ',
      when: '2026-11-12T10:30',
      team: '',
      visibility: 'private',
      tags: [],
      participants: [
        { name: ' Dana ', company: 'Acme', user_id: null },
        { name: ' ', company: '', user_id: null },
      ],
      dealStage: 'Demo',
    };
    expect(changesOf(before, after)).toEqual({
      title: 'Acme, first call',
      occurred_at: new Date(2026, 10, 12, 10, 30).getTime(),
      team_id: null,
      visibility: 'private',
      tags: [],
      participants: [{ name: 'Dana', company: 'Acme', user_id: null }],
      deal: { stage: 'Demo' },
    });
  });

  it('send an amount with its currency, in the smallest unit', () => {
    const after = { ...before, dealAmount: '12,500', dealCurrency: 'eur' };
    expect(changesOf(before, after).deal).toEqual({ amount_minor: 1_250_000, currency: 'EUR' });
    const other = { ...after, dealCurrency: 'JPY' };
    expect(changesOf(after, other).deal).toEqual({ amount_minor: 12_500, currency: 'JPY' });
    expect(metaOf(after).deal).toMatchObject({ amount_minor: 1_250_000, currency: 'EUR', name: null });
  });

  it('say what is known of consent, and nothing where nothing is', () => {
    expect(metaOf(before).consent).toBeUndefined();
    const after: Details = { ...before, consent: 'all_agreed', consentNote: ' by mail ' };
    const consent = { status: 'all_agreed', note: 'by mail' };
    expect(metaOf(after).consent).toEqual(consent);
    expect(changesOf(before, after)).toEqual({ consent });
    expect(changesOf(after, { ...after, consentNote: '' })).toEqual({
      consent: { status: 'all_agreed', note: null },
    });
  });

  it('say what is missing', () => {
    expect(problemsOf(before)).toEqual({});
    expect(
      Object.keys(problemsOf({ ...before, title: ' ', team: '', dealAmount: 'lots', dealCurrency: 'EURO' })),
    ).toEqual(['title', 'team', 'dealAmount', 'dealCurrency']);
    expect(problemsOf({ ...before, dealAmount: '5' }).dealCurrency).toBe('Which currency?');
  });

  it('keep what was typed when somebody else changed the call', () => {
    const typed = { ...before, title: 'Mine', tags: ['new', 'mine'] };
    const theirs = { ...before, title: 'Theirs', dealStage: 'Won' };
    expect(rebase(before, typed, theirs)).toEqual({
      details: { ...theirs, title: 'Mine', tags: ['new', 'mine'] },
      clashes: ['title'],
    });
    expect(rebase(before, typed, { ...before, dealStage: 'Won' }).clashes).toEqual([]);
    expect(rebase(before, typed, typed).clashes).toEqual([]);
  });
});

it.each([
  ['12500', 'EUR', 1_250_000],
  ['12,500', 'USD', 1_250_000],
  ['12.500', 'EUR', 1_250_000],
  ['12.500,50', 'EUR', 1_250_050],
  ['12 500,5', 'EUR', 1_250_050],
  ['1,250,000', 'USD', 125_000_000],
  ['0.5', 'USD', 50],
  ['1500', 'JPY', 1500],
  ['', 'EUR', null],
  ['-5', 'EUR', null],
  ['5k', 'EUR', null],
])('reads %j %s as %j', (text, currency, minor) => expect(parseAmount(text, currency)).toBe(minor));

it('writes money without needless digits', () => {
  expect(formatMoney(1_250_000, 'EUR', 'en')).toBe('€12,500');
  expect(formatMoney(1_250_050, 'EUR', 'en')).toBe('€12,500.50');
  expect(formatMoney(1500, 'JPY', 'en')).toBe('¥1,500');
});
