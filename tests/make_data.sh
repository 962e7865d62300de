#!/bin/sh
# Makes tests/data from the sample song. Needs cargo and ffmpeg (seen with 5.1; any later should do).
# Run it after a deliberate change to the song; the files are committed.
set -eu
cd "$(dirname "$0")/.."
master=$(mktemp -d)/master.wav
MASTER=$master cargo test --release --test audio -- --ignored --exact write_master

out=tests/data
mkdir -p $out
make() { ffmpeg -y -hide_banner -loglevel error -bitexact -i "$master" "$@"; }
three() { make -t 3 "$@"; }
half() { make -t 0.5 "$@"; }
tags() { # each tag as ffmpeg takes it
    printf '%s\n' -metadata 'title=Twelve Bars – äöü' -metadata 'artist=The Oscillators' \
        -metadata 'album=Test Tones'
}
IFS='
'
# Lossy, three seconds: aligned by what each container says about the encoder's delay.
# shellcheck disable=SC2046 # one word per line is meant
{
    three -ar 44100 -c:a libmp3lame -b:a 128k $(tags) -id3v2_version 3 -write_id3v1 1 $out/cbr-44100.mp3
    three -c:a libmp3lame -q:a 2 $out/vbr.mp3
    three -ar 44100 -c:a aac -b:a 160k $(tags) -movflags +faststart $out/aac-44100.m4a
    three -c:a libvorbis -q:a 6 $(tags) $out/vorbis.ogg
    three -c:a aac -b:a 128k -f adts $out/aac.aac

    # Lossless, half a second.
    half -c:a flac -sample_fmt s16 $(tags) $out/half.flac
    half -c:a alac -sample_fmt s16p $out/half-alac.m4a
    half -c:a pcm_s16be $out/half.aiff
    half -c:a pcm_s16le -f aiff $out/half.aifc # sowt
    half -c:a pcm_s16be $out/half.au
    half -c:a pcm_mulaw $out/half-mulaw.au
    half -c:a pcm_f32le $(tags) $out/half-float.wav
}
du -bc $out/* | tail -1
