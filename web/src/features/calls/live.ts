import type { Call, CallProblem, CallState, Progress, Segment, Stage } from '@/lib/api/types';

/** The types of events that a call's stream sends. */
export const EVENT_TYPES = ['state', 'progress', 'segment', 'call', 'comment', 'review', 'edit'] as const;

/** What an event says, checked. */
export type LiveEvent =
  | { type: 'state'; state: CallState; problem: CallProblem | null }
  | { type: 'progress'; progress: Progress }
  | { type: 'segment'; segment: Segment }
  /** What others did: the stream says that there is news, what it is is read anew. */
  | { type: 'call' | 'comment' | 'review' | 'edit' };

const STATES: readonly CallState[] = ['uploading', 'queued', 'processing', 'ready', 'failed', 'cancelled'];
const STAGES: readonly Stage[] = ['store', 'analyze', 'transcribe', 'publish'];

/** Reads one event; null for what this version does not understand, which is then skipped. */
export function readEvent(type: string, data: string): LiveEvent | null {
  if (type === 'call' || type === 'comment' || type === 'review' || type === 'edit') return { type };
  const value = parseObject(data);
  if (!value) return null;
  switch (type) {
    case 'state': {
      const state = STATES.find((known) => known === value.state);
      return state ? { type, state, problem: readProblem(value.problem) } : null;
    }
    case 'progress': {
      const stage = STAGES.find((known) => known === value.stage);
      if (!stage || typeof value.percent !== 'number') return null;
      const eta_ms = typeof value.eta_ms === 'number' ? value.eta_ms : null;
      return { type, progress: { stage, percent: value.percent, eta_ms } };
    }
    case 'segment':
      return isSegment(value) ? { type, segment: value } : null;
    default:
      return null;
  }
}

/** The call after a state or progress event. Work that has ended leaves no progress behind. */
export function applyEvent(call: Call, event: LiveEvent): Call {
  if (event.type === 'state') {
    const working = event.state === 'processing';
    return {
      ...call,
      state: event.state,
      problem: event.problem,
      progress: (working && call.progress) || null,
    };
  }
  if (event.type === 'progress') return { ...call, progress: event.progress };
  return call;
}

function parseObject(data: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function readProblem(value: unknown): CallProblem | null {
  if (typeof value !== 'object' || value === null) return null;
  const code: unknown = Reflect.get(value, 'code');
  const detail: unknown = Reflect.get(value, 'detail');
  return typeof code === 'string' && typeof detail === 'string' ? { code, detail } : null;
}

function isSegment(value: unknown): value is Segment {
  if (typeof value !== 'object' || value === null) return false;
  const field = (name: string): unknown => Reflect.get(value, name);
  const speaker = field('speaker');
  return (
    typeof field('id') === 'string' &&
    typeof field('start_ms') === 'number' &&
    typeof field('end_ms') === 'number' &&
    typeof field('channel') === 'number' &&
    typeof field('text') === 'string' &&
    Array.isArray(field('words')) &&
    typeof speaker === 'object' &&
    speaker !== null
  );
}
