import type { AuditEntry, Role } from '@/lib/api/types';
import { ROLE_NAMES } from '@/lib/roles';

/** How to call what an entry points at by its id. */
export type Names = { person: (id: string) => string; team: (id: string) => string };

/** What is known of an entry, for its sentence. */
type Told = {
  actor: string;
  /** Whether they did it to themselves. */
  own: boolean;
  target: string;
  /** Text in the detail, by its path. */
  text: (...path: string[]) => string | null;
  person: (id: string | null) => string;
  team: string;
};

const COMMAND_LINE = 'The command line';

function roleName(name: string | null): string {
  const roles: Readonly<Record<string, string>> = ROLE_NAMES satisfies Record<Role, string>;
  return roles[name ?? ''] ?? name ?? '?';
}

function tokenSentence({ actor, text }: Told): string {
  switch (text('scope')) {
    case 'read':
      return `${actor} made a token that may read.`;
    case 'write':
      return `${actor} made a token that may read and write.`;
    case 'admin':
      return `${actor} made a token that may administer.`;
    default:
      return `${actor} made a token.`;
  }
}

function teamSentence({ actor, text, person, team }: Told): string {
  const [made, deleted] = [text('made'), text('deleted')];
  const [added, removed] = [text('added'), text('removed')];
  const [before, after] = [text('name', 'before'), text('name', 'after')];
  if (made) return `${actor} made the team “${made}”.`;
  if (deleted) return `${actor} deleted the team “${deleted}”.`;
  if (added) return `${actor} put ${person(added)} into the team “${team}”.`;
  if (removed) return `${actor} took ${person(removed)} out of the team “${team}”.`;
  if (before && after) return `${actor} renamed the team “${before}” to “${after}”.`;
  return `${actor} changed the team “${team}”.`;
}

function newUserSentence({ actor, target, text, person }: Told): string {
  const role = roleName(text('role'));
  if (text('invitation_id')) return `${person(target)} joined with an invitation, with the role ${role}.`;
  return `${actor} made an account for ${person(target)}, with the role ${role}.`;
}

function deletedCallSentence({ actor, text, person }: Told): string {
  const owner = text('owner_id');
  if (owner === null) return `${actor} deleted a call.`;
  return person(owner) === actor
    ? `${actor} deleted a call of their own.`
    : `${actor} deleted a call of ${person(owner)}.`;
}

/** A name for every kind of entry, for the filter, and its sentence. */
export const ACTIONS: Readonly<Record<string, { name: string; tell: (told: Told) => string }>> = {
  'session.create': { name: 'Signed in', tell: ({ actor }) => `${actor} signed in.` },
  'session.delete': { name: 'Signed out', tell: ({ actor }) => `${actor} signed a browser out.` },
  'session.refuse': {
    name: 'Could not sign in',
    tell: ({ target, person }) =>
      target === 'unknown'
        ? 'Somebody tried to sign in to an account that does not exist.'
        : `Somebody tried to sign in as ${person(target)}, and was refused.`,
  },
  'token.create': { name: 'Made a token', tell: tokenSentence },
  'token.revoke': { name: 'Revoked a token', tell: ({ actor }) => `${actor} revoked a token.` },
  'user.create': { name: 'Made an account', tell: newUserSentence },
  'user.role': {
    name: 'Changed a role',
    tell: ({ actor, target, text, person }) =>
      `${actor} changed the role of ${person(target)} from ${roleName(text('before'))} to ${roleName(text('after'))}.`,
  },
  'user.disable': {
    name: 'Disabled an account',
    tell: ({ actor, target, person }) => `${actor} disabled the account of ${person(target)}.`,
  },
  'user.enable': {
    name: 'Enabled an account',
    tell: ({ actor, target, person }) => `${actor} enabled the account of ${person(target)} again.`,
  },
  'user.password': {
    name: 'Changed a password',
    tell: ({ actor, own, target, person }) =>
      own ? `${actor} changed their password.` : `${actor} changed the password of ${person(target)}.`,
  },
  'user.export': {
    name: 'Copied a person’s data',
    tell: ({ actor, target, person }) => `${actor} took a copy of the data of ${person(target)}.`,
  },
  'user.erase': { name: 'Erased a person', tell: ({ actor }) => `${actor} erased a person.` },
  'invitation.create': {
    name: 'Invited somebody',
    tell: ({ actor, text }) => `${actor} made an invitation for the role ${roleName(text('role'))}.`,
  },
  'invitation.revoke': {
    name: 'Took an invitation back',
    tell: ({ actor }) => `${actor} took an invitation back.`,
  },
  'team.change': { name: 'Changed a team', tell: teamSentence },
  'call.look': {
    name: 'Looked at a call as administrator',
    tell: ({ actor }) => `${actor} opened a call that only an administrator’s rights open to them.`,
  },
  'call.visibility': {
    name: 'Changed who sees a call',
    tell: ({ actor }) => `${actor} changed who sees a call.`,
  },
  'call.priority': {
    name: 'Changed the priority of a call',
    tell: ({ actor, text }) =>
      text('after') === 'high'
        ? `${actor} had a call done before all others.`
        : `${actor} changed the priority of a call.`,
  },
  'call.export': { name: 'Copied a call', tell: ({ actor }) => `${actor} took a copy of a call.` },
  'call.delete': { name: 'Deleted a call', tell: deletedCallSentence },
  'call.consent': {
    name: 'Noted consent',
    tell: ({ actor, text }) =>
      `${actor} noted consent to a recording: ${(text('after') ?? '?').replaceAll('_', ' ')}.`,
  },
  'call.hold': {
    name: 'Held a call',
    tell: ({ actor }) => `${actor} held a call, so that nobody deletes it.`,
  },
  'call.release': { name: 'Released a call', tell: ({ actor }) => `${actor} released a call that was held.` },
  'retention.change': {
    name: 'Changed a rule of retention',
    tell: ({ actor, text }) => {
      if (text('before', 'rule_id') === null) return `${actor} made a rule for how long calls are kept.`;
      if (text('after', 'rule_id') === null) return `${actor} took away a rule for how long calls are kept.`;
      return `${actor} changed a rule for how long calls are kept.`;
    },
  },
  'retention.call': {
    name: 'A call was deleted by a rule',
    tell: ({ text, person }) => `A call of ${person(text('owner_id'))} was deleted by a rule of retention.`,
  },
  'retention.recording': {
    name: 'A recording was deleted by a rule',
    tell: ({ text, person }) =>
      `The recording of a call of ${person(text('owner_id'))} was deleted by a rule of retention.`,
  },
  'comment.delete': {
    name: 'Deleted a comment',
    tell: ({ actor, text, person }) =>
      text('author_id')
        ? `${actor} deleted a comment of ${person(text('author_id'))}.`
        : `${actor} deleted a comment.`,
  },
  'review.release': { name: 'Released a review', tell: ({ actor }) => `${actor} released a review.` },
  'review.withdraw': { name: 'Took a review back', tell: ({ actor }) => `${actor} took a review back.` },
  'review.export': { name: 'Exported reviews', tell: ({ actor }) => `${actor} exported reviews as CSV.` },
  'rubric.publish': {
    name: 'Published a rubric',
    tell: ({ actor, text }) => `${actor} published version ${text('version') ?? '?'} of a rubric.`,
  },
};

/** What an entry says, in one sentence. Kinds that this version does not know are named as they are. */
export function auditSentence(entry: AuditEntry, names: Names): string {
  const actor = entry.actor_id ? names.person(entry.actor_id) : COMMAND_LINE;
  const known = ACTIONS[entry.action];
  if (!known) return `${actor}: ${entry.action}, ${entry.target_kind} ${entry.target_id}.`;
  return known.tell({
    actor,
    own: entry.actor_id === entry.target_id,
    target: entry.target_id,
    text: (...path) => textAt(entry.detail, path),
    person: (id) => (id ? names.person(id) : 'somebody'),
    team: names.team(entry.target_id),
  });
}

/** The text or number at a place in JSON; null if there is none. */
export function textAt(value: unknown, path: readonly string[]): string | null {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return null;
    at = Reflect.get(at, key);
  }
  if (typeof at === 'number') return String(at);
  return typeof at === 'string' && at !== '' ? at : null;
}

/** The detail as lines to read, one a value. */
export function detailLines(value: unknown, name = ''): { name: string; text: string }[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== 'object') return [{ name, text: String(value) }];
  if (Array.isArray(value)) return value.length > 0 ? [{ name, text: value.map(String).join(', ') }] : [];
  return Object.entries(value).flatMap(([key, inner]) =>
    detailLines(inner, [name, key.replaceAll('_', ' ')].filter(Boolean).join(', ')),
  );
}
