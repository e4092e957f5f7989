import { get } from 'svelte/store';
import { expect, it, vi } from 'vitest';
import { Player, type AudioLike, type PlayerOptions } from './player';
import { playerKeys } from './keys';
import { nearestSpeed, neighbourSpeed } from './speed';

class FakeAudio extends EventTarget implements AudioLike {
  currentTime = 0;
  duration = NaN;
  paused = true;
  playbackRate = 1;
  preservesPitch = false;
  error: MediaError | null = null;
  load = vi.fn();

  play(): Promise<void> {
    this.paused = false;
    this.dispatchEvent(new Event('play'));
    return Promise.resolve();
  }

  pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.dispatchEvent(new Event('pause'));
  }

  loaded(seconds: number): void {
    this.duration = seconds;
    this.dispatchEvent(new Event('loadedmetadata'));
  }
}

function setUp(speed = 1, more: Partial<PlayerOptions> = {}) {
  const frames: (() => void)[] = [];
  const onSpeed = vi.fn();
  const cancelFrame = vi.fn();
  const player = new Player({
    speed,
    onSpeed,
    requestFrame: (callback) => frames.push(callback),
    cancelFrame,
    ...more,
  });
  const audio = new FakeAudio();
  const detach = player.attach(audio);
  return { player, audio, frames, onSpeed, cancelFrame, detach };
}

it('remembers where to go until the recording is there', () => {
  const { player, audio } = setUp();
  player.seek(64_000);
  expect(player.nowMs).toBe(64_000);
  expect(audio.currentTime).toBe(0);
  audio.loaded(120);
  expect(audio.currentTime).toBe(64);
  expect(player.nowMs).toBe(64_000);
});

it('stays within the recording', () => {
  const { player, audio } = setUp();
  audio.loaded(60);
  player.seek(99_000);
  expect(audio.currentTime).toBe(60);
  player.skip(-90_000);
  expect(audio.currentTime).toBe(0);
});

it('tells listeners the playhead frame by frame while it plays, and stops when it stops', () => {
  const { player, audio, frames, cancelFrame } = setUp();
  audio.loaded(60);
  const heard: number[] = [];
  const leave = player.follow((atMs) => heard.push(atMs));
  player.toggle();
  audio.currentTime = 0.5;
  frames.at(-1)?.();
  expect(heard.at(-1)).toBe(500);
  expect(get(player.state).playing).toBe(true);
  player.toggle();
  expect(cancelFrame).toHaveBeenCalled();
  expect(get(player.state).playing).toBe(false);
  leave();
  const count = heard.length;
  player.seek(9000);
  expect(heard).toHaveLength(count);
});

it('keeps its speed through a new recording and tells who remembers it', () => {
  const { player, audio, onSpeed } = setUp(1.5);
  expect(audio.playbackRate).toBe(1.5);
  expect(audio.preservesPitch).toBe(true);
  player.changeSpeed(1);
  expect(onSpeed).toHaveBeenCalledWith(1.75);
  audio.playbackRate = 1;
  audio.loaded(10);
  expect(audio.playbackRate).toBe(1.75);
});

it('uses the known length until the browser knows better', () => {
  const { player, audio } = setUp();
  player.setKnownDuration(59_000);
  expect(get(player.state).durationMs).toBe(59_000);
  audio.loaded(60);
  expect(get(player.state).durationMs).toBe(60_000);
});

it('says what is wrong and can load again in place', async () => {
  const { player, audio } = setUp();
  audio.loaded(60);
  player.seek(30_000);
  audio.error = { code: 2 } as MediaError;
  audio.dispatchEvent(new Event('error'));
  await Promise.resolve();
  expect(get(player.state).problem).toContain('connection');
  player.reload();
  expect(audio.load).toHaveBeenCalled();
  audio.currentTime = 0;
  audio.loaded(60);
  expect(audio.currentTime).toBe(30);
});

it('says why the server gives nothing out', async () => {
  const { audio, player } = setUp(1, { whyNot: () => Promise.resolve('Numbers are still looked for.') });
  audio.error = { code: 4 } as MediaError;
  audio.dispatchEvent(new Event('error'));
  await Promise.resolve();
  expect(get(player.state).problem).toBe('Numbers are still looked for.');
});

it('lets go of an element completely', () => {
  const { player, audio, detach } = setUp();
  audio.loaded(60);
  detach();
  player.toggle();
  expect(audio.paused).toBe(true);
});

it('moves by its keys', () => {
  const { player, audio } = setUp();
  audio.loaded(100);
  audio.currentTime = 50;
  const keys = playerKeys(player);
  keys.j?.();
  expect(audio.currentTime).toBe(40);
  keys.l?.();
  keys.ArrowRight?.();
  expect(audio.currentTime).toBe(55);
  keys['Shift+ArrowLeft']?.();
  expect(audio.currentTime).toBe(50);
  expect(audio.playbackRate).toBe(0.75);
});

it('plays a range over and over', () => {
  const { player, audio, frames } = setUp();
  audio.loaded(100);
  audio.currentTime = 10;
  playerKeys(player).i?.();
  expect(get(player.state).range).toEqual({ startMs: 10_000, endMs: 100_000 });
  audio.currentTime = 20;
  playerKeys(player).o?.();
  expect(get(player.state).range).toEqual({ startMs: 10_000, endMs: 20_000 });
  playerKeys(player).r?.();
  expect(get(player.state).looping).toBe(true);
  expect(audio.currentTime).toBe(10);
  player.toggle();
  audio.currentTime = 20.1;
  frames.at(-1)?.();
  expect(audio.currentTime).toBe(10);
  player.setRange(null);
  expect(get(player.state)).toMatchObject({ range: null, looping: false });
});

it('turns points around that are set the wrong way, and loops what was just heard without any', () => {
  const { player, audio } = setUp();
  audio.loaded(100);
  player.setRange({ startMs: 9000, endMs: 4000 });
  expect(get(player.state).range).toEqual({ startMs: 4000, endMs: 9000 });
  player.setRange({ startMs: 9000, endMs: 9000 });
  expect(get(player.state).range).toBeNull();
  audio.currentTime = 30;
  player.toggleLoop();
  expect(get(player.state)).toMatchObject({ range: { startMs: 20_000, endMs: 30_000 }, looping: true });
});

it('jumps over silence while it plays, if that is wanted', () => {
  const { player, audio, frames } = setUp();
  audio.loaded(100);
  player.setSilences([{ startMs: 5000, endMs: 15_000 }]);
  player.toggle();
  audio.currentTime = 6;
  frames.at(-1)?.();
  expect(audio.currentTime).toBe(6);
  player.setSkipsSilence(true);
  frames.at(-1)?.();
  expect(audio.currentTime).toBe(15);
});

it('plays a range that was asked for to its end, silence and all', () => {
  const { player, audio, frames } = setUp();
  audio.loaded(100);
  player.setSilences([{ startMs: 5000, endMs: 15_000 }]);
  player.setSkipsSilence(true);
  player.playRange(4000, 7000);
  audio.currentTime = 6;
  frames.at(-1)?.();
  expect(audio.currentTime).toBe(6);
  audio.currentTime = 7;
  frames.at(-1)?.();
  expect(audio.paused).toBe(true);
});

it('knows its speeds', () => {
  expect(nearestSpeed(NaN)).toBe(1);
  expect(nearestSpeed(9)).toBe(3);
  expect(nearestSpeed(1.3)).toBe(1.25);
  expect(neighbourSpeed(3, 1)).toBe(3);
  expect(neighbourSpeed(0.5, -1)).toBe(0.5);
});
