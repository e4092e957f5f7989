/** Short names for the shapes of the HTTP API, which `npm run gen` writes from docs/openapi.json. */
import type { components } from './schema.gen';

export type { paths } from './schema.gen';

type Schemas = components['schemas'];

export type Call = Schemas['Call'];
export type CallState = Schemas['CallState'];
export type CallProblem = Schemas['CallProblem'];
export type Progress = Schemas['Progress'];
export type Stage = Schemas['Stage'];
export type Transcript = Schemas['Transcript'];
export type Segment = Schemas['Segment'];
export type Word = Schemas['Word'];
export type SpeakerRole = Schemas['SpeakerRole'];
export type Peaks = Schemas['Peaks'];
export type Me = Schemas['Me'];
export type Problem = Schemas['Problem'];
