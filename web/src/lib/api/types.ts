/**
 * The shapes of the HTTP API, in the form that `npm run gen` writes to schema.gen.ts from docs/openapi.json.
 * Written by hand until that document is there; schema.gen.ts replaces it.
 */

export type CallState = 'uploading' | 'queued' | 'processing' | 'ready' | 'failed' | 'cancelled';
export type Stage = 'store' | 'analyze' | 'transcribe' | 'publish';
export type SpeakerRole = 'rep' | 'customer' | 'other';

export type Progress = { stage: Stage; percent: number; eta_ms: number | null };
export type CallProblem = { code: string; detail: string };

export type Call = {
  id: string;
  title: string;
  state: CallState;
  progress: Progress | null;
  problem: CallProblem | null;
  duration_ms: number | null;
  language: string | null;
  channels: number | null;
  occurred_at: number | null;
  duplicate_of: string | null;
  has_transcript: boolean;
  created_at: number;
  updated_at: number;
};

export type CallList = { items: Call[]; next: string | null };

export type Word = { start_ms: number; end_ms: number; text: string; confidence: number };
export type Speaker = { role: SpeakerRole; name: string };

export type Segment = {
  id: string;
  start_ms: number;
  end_ms: number;
  channel: number;
  speaker: Speaker;
  text: string;
  words: Word[];
};

export type Transcript = {
  language: string | null;
  duration_ms: number;
  model: string;
  complete: boolean;
  segments: Segment[];
};

export type Peaks = {
  channels: number;
  sample_rate: number;
  samples_per_pixel: number;
  bits: number;
  length: number;
  data: number[];
};

export type Me = { id: string; name: string; email: string; role: 'rep' | 'coach' | 'admin' };

export type Problem = {
  title?: string;
  detail?: string;
  code?: string;
  status?: number;
  request_id?: string;
};

type Json<T> = { headers: Record<string, unknown>; content: { 'application/json': T } };
type Empty = { headers: Record<string, unknown>; content?: never };
type Failure = { headers: Record<string, unknown>; content: { 'application/problem+json': Problem } };
type ById = { query?: never; header?: never; path: { id: string }; cookie?: never };
type NoParameters = { query?: never; header?: never; path?: never; cookie?: never };
type Operation<Parameters, Ok, Body = never> = {
  parameters: Parameters;
  responses: { 200: Ok; default: Failure };
} & ([Body] extends [never]
  ? { requestBody?: never }
  : { requestBody: { content: { 'application/json': Body } } });

export interface paths {
  '/api/v1/session': {
    post: Operation<NoParameters, Json<Me>, { email: string; password: string }>;
    delete: Operation<NoParameters, Empty>;
  };
  '/api/v1/me': { get: Operation<NoParameters, Json<Me>> };
  '/api/v1/calls': {
    get: Operation<
      {
        query?: { after?: string; limit?: number };
        header?: never;
        path?: never;
        cookie?: never;
      },
      Json<CallList>
    >;
    post: Operation<NoParameters, Json<Call>, { upload_id: string; title?: string }>;
  };
  '/api/v1/calls/{id}': {
    get: Operation<ById, Json<Call>>;
    patch: Operation<ById, Json<Call>, { title?: string }>;
    delete: Operation<ById, Empty>;
  };
  '/api/v1/calls/{id}/cancel': { post: Operation<ById, Json<Call>> };
  '/api/v1/calls/{id}/retry': { post: Operation<ById, Json<Call>> };
  '/api/v1/calls/{id}/transcript': { get: Operation<ById, Json<Transcript>> };
  '/api/v1/calls/{id}/peaks': { get: Operation<ById, Json<Peaks>> };
}
