import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Clips, type Clip, type ClipAudio } from './clips.svelte';

class FakeAudio {
  src = '';
  currentTime = 0;
  playbackRate = 1;
  readyState = 0;
  play = vi.fn(async () => this.tell('play'));
  pause = vi.fn(() => this.tell('pause'));
  load = vi.fn();
  #listeners = new Map<string, (() => void)[]>();

  addEventListener(name: string, listener: () => void) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  tell(name: string) {
    for (const listener of this.#listeners.get(name) ?? []) listener();
  }
}

const clip = (id: string, startMs: number, endMs: number, src = '/one'): Clip => ({
  id,
  src,
  startMs,
  endMs,
});

describe('Clips', () => {
  let audio: FakeAudio;
  let clips: Clips;

  beforeEach(() => {
    vi.stubGlobal('requestAnimationFrame', () => 1);
    vi.stubGlobal('cancelAnimationFrame', () => undefined);
    audio = new FakeAudio();
    clips = new Clips(() => audio as unknown as ClipAudio);
  });

  function load() {
    audio.readyState = 1;
    audio.tell('loadedmetadata');
  }

  it('begins where the clip begins, once there is a recording', () => {
    clips.toggle(clip('a', 12_000, 15_000));
    expect(audio.src).toBe('/one');
    load();
    expect(audio.currentTime).toBe(12);
    expect(clips.isPlaying('a')).toBe(true);
  });

  it('stops where the clip ends', () => {
    clips.toggle(clip('a', 12_000, 15_000));
    load();
    audio.currentTime = 13.5;
    audio.tell('timeupdate');
    expect(clips.heard).toBe(0.5);
    audio.currentTime = 15.01;
    audio.tell('timeupdate');
    expect(audio.pause).toHaveBeenCalled();
    expect(clips.heard).toBe(1);
  });

  it('pauses, goes on, and begins again after its end', () => {
    const one = clip('a', 1000, 3000);
    clips.toggle(one);
    load();
    audio.currentTime = 2;
    audio.tell('timeupdate');
    clips.toggle(one);
    expect(clips.playing).toBe(false);
    clips.toggle(one);
    expect(audio.currentTime).toBe(2);
    audio.currentTime = 3;
    audio.tell('timeupdate');
    clips.toggle(one);
    expect(audio.currentTime).toBe(1);
  });

  it('plays one at a time, and loads a recording once', () => {
    clips.toggle(clip('a', 1000, 3000));
    load();
    clips.toggle(clip('b', 8000, 9000));
    expect(audio.currentTime).toBe(8);
    expect(clips.isPlaying('a')).toBe(false);
    expect(clips.isPlaying('b')).toBe(true);
    clips.toggle(clip('c', 4000, 5000, '/two'));
    expect(audio.src).toBe('/two');
  });

  it('says so when it cannot be played, and tries again when asked', () => {
    clips.toggle(clip('a', 1000, 3000));
    audio.tell('error');
    expect(clips.problem).not.toBe(null);
    expect(clips.playing).toBe(false);
    clips.toggle(clip('a', 1000, 3000));
    expect(audio.load).toHaveBeenCalled();
    expect(clips.problem).toBe(null);
  });
});
