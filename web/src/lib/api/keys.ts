/**
 * The names of cached answers, by noun. What changes a noun, here or by a live event, names it to have it read
 * again: `['comments', id]` is a call's comments, `['comments']` those of every call.
 */
export const keys = {
  me: ['me'],
  calls: ['calls'],
  call: (id: string) => ['call', id],
  transcript: (id: string) => ['transcript', id],
  edits: (id: string) => ['edits', id],
  comments: (callId: string) => ['comments', callId],
  callReviews: (callId: string) => ['call-reviews', callId],
  review: (id: string) => ['review', id],
  moments: ['moments'],
  search: ['search'],
  inbox: ['inbox'],
  reviewRequests: (callId: string) => ['review-requests', callId],
  people: ['people'],
  teams: ['teams'],
  users: ['users'],
  invitations: ['invitations'],
  sessions: ['sessions'],
  tokens: ['tokens'],
  audit: ['audit'],
  system: ['system'],
  storage: ['storage'],
  rubrics: ['rubrics'],
  trackers: ['trackers'],
  retention: ['retention'],
} as const;
