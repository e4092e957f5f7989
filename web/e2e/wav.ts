type Wav = {
  rate_hz: number;
  channels: number;
  /** Of one sample: 8 is µ-law, 16 plain numbers. */
  bits: 8 | 16;
  /** Of the sound that follows. */
  bytes: number;
};

const PCM = 1;
const MU_LAW = 7;

/** The head of a WAV file. */
export function wavHead({ rate_hz, channels, bits, bytes }: Wav): Buffer {
  const head = Buffer.alloc(46);
  const frame = (channels * bits) / 8;
  head.write('RIFF', 0);
  head.writeUInt32LE(head.length - 8 + bytes, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(18, 16);
  head.writeUInt16LE(bits === 8 ? MU_LAW : PCM, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate_hz, 24);
  head.writeUInt32LE(rate_hz * frame, 28);
  head.writeUInt16LE(frame, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 38);
  head.writeUInt32LE(bytes, 42);
  return head;
}
