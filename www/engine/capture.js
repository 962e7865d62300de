// Captures the sound of a microphone or of another tab.

/** @typedef {'microphone' | 'tab'} CaptureKind */

/** No processing: what helps a voice in a call distorts music. */
const UNPROCESSED = {
  echoCancellation: false,
  noiseSuppression: false,
  autoGainControl: false,
};

/** What goes wrong, by the name that the browser gives it, for microphone and tab. */
const MESSAGES = {
  microphone: {
    NotAllowedError:
      'The browser does not let this page use the microphone. Allow it in the address bar and press Listen again, or choose a file.',
    NotFoundError:
      'There is no microphone here. Connect one and press Listen again, or choose a file.',
    NotReadableError:
      'The microphone cannot be opened; another program may be using it. Close that one and press Listen again, or choose a file.',
    OverconstrainedError:
      'That microphone is no longer there. Press Listen again to use another one, or choose a file.',
    other: 'The microphone could not be started. Press Listen again, or choose a file.',
  },
  tab: {
    NotAllowedError:
      'No tab was shared. Press “Listen to a tab” again and choose one, or choose a file.',
    NotFoundError: 'There is nothing to share here. Choose a file instead.',
    NotReadableError: 'That tab could not be heard. Try another one, or choose a file.',
    OverconstrainedError: 'That tab could not be heard. Try another one, or choose a file.',
    other: 'The tab could not be heard. Try another one, or choose a file.',
  },
};
const SILENT_TAB =
  'What was shared has no sound. Share a tab, and tick the box that shares its sound too.';
const INSECURE =
  'Browsers let a page listen only over https or on the computer itself. Open it that way, or choose a file.';
const ENDED = {
  microphone:
    'The microphone was unplugged or is used by another program. The result so far stays; press Listen to go on.',
  tab: 'The tab is no longer shared. The result so far stays.',
};

/** Why there is no capture, as a sentence for the visitor. */
export class CaptureError extends Error {}

/** Where sound comes from: an open device and a port that gives its samples. */
export class Capture {
  #stream;
  #context;
  /** The other end is in the audio thread. */
  port;

  /** @param {MediaStream} stream @param {AudioContext} context @param {MessagePort} port */
  constructor(stream, context, port) {
    this.#stream = stream;
    this.#context = context;
    this.port = port;
  }

  /** Samples per second. */
  get rate() {
    return this.#context.sampleRate;
  }

  /** The device's id, where it has one. */
  get device() {
    return this.#stream.getAudioTracks()[0]?.getSettings().deviceId ?? '';
  }

  /**
   * Opens a device.
   * @param {CaptureKind} kind
   * @param {string} device id of a microphone, or empty for the usual one
   * @param {(sentence: string) => void} onEnd called if it ends by itself
   * @returns {Promise<Capture>}
   */
  static async open(kind, device, onEnd) {
    const devices = navigator.mediaDevices;
    if (!devices || !('AudioWorkletNode' in window)) throw new CaptureError(INSECURE);
    let stream;
    let context;
    try {
      if (kind === 'tab') {
        // Browsers share sound only together with the picture, which is looked at by nobody.
        stream = await devices.getDisplayMedia({ video: true, audio: UNPROCESSED });
        if (stream.getAudioTracks().length === 0) throw new CaptureError(SILENT_TAB);
      } else {
        const audio = device ? { ...UNPROCESSED, deviceId: { exact: device } } : UNPROCESSED;
        stream = await devices.getUserMedia({ audio });
      }
      context = contextFor(stream);
      await context.audioWorklet.addModule(new URL('./worklet.js', import.meta.url));
      const tap = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0 });
      const { port1, port2 } = new MessageChannel();
      tap.port.postMessage(port1, [port1]);
      context.createMediaStreamSource(stream).connect(tap);
      await context.resume();
      for (const track of stream.getAudioTracks()) {
        track.addEventListener('ended', () => onEnd(ENDED[kind]), { once: true });
      }
      return new Capture(stream, context, port2);
    } catch (reason) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      context?.close();
      if (reason instanceof CaptureError) throw reason;
      console.info('Soundalike, listening:', reason);
      const kindOf = reason instanceof DOMException ? reason.name : '';
      const sentences = /** @type {Record<string, string>} */ (MESSAGES[kind]);
      throw new CaptureError(sentences[kindOf] ?? MESSAGES[kind].other);
    }
  }

  close() {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close();
  }
}

/** An audio context at the device's own rate, where the browser lets it have that. @param {MediaStream} stream */
function contextFor(stream) {
  const sampleRate = stream.getAudioTracks()[0]?.getSettings().sampleRate;
  const context = new AudioContext(sampleRate ? { sampleRate } : {});
  try {
    // Firefox joins only what has one rate, and says so here.
    context.createMediaStreamSource(stream).disconnect();
    return context;
  } catch {
    context.close();
    return new AudioContext();
  }
}
