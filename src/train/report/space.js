'use strict';
// The songs in three dimensions: dragged, or turned by the arrow keys; plus and minus zoom.
for (const canvas of document.querySelectorAll('canvas[data-places]')) {
  const places = JSON.parse(document.getElementById(canvas.dataset.places).textContent);
  const songs = document.getElementById(canvas.dataset.songs);
  const turn = { yaw: 0.6, pitch: 0.35, zoom: 1 };
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue('--' + name).trim();
    const size = canvas.clientWidth;
    const dense = window.devicePixelRatio || 1;
    canvas.width = canvas.height = Math.round(size * dense);
    const pen = canvas.getContext('2d');
    pen.scale(dense, dense);
    pen.clearRect(0, 0, size, size);
    const { yaw, pitch, zoom } = turn;
    const seen = ([x, y, z]) => {
      const a = x * Math.cos(yaw) + z * Math.sin(yaw);
      const c = -x * Math.sin(yaw) + z * Math.cos(yaw);
      const b = y * Math.cos(pitch) - c * Math.sin(pitch);
      const depth = y * Math.sin(pitch) + c * Math.cos(pitch);
      const scale = (zoom * size * 1.6) / (4 + depth);
      return [size / 2 + a * scale, size / 2 - b * scale, depth];
    };
    pen.font = '14px sans-serif';
    pen.textAlign = 'center';
    for (let axis = 0; axis < 3; axis++) {
      const end = [0, 0, 0];
      end[axis] = 1;
      const [x0, y0] = seen(end.map((v) => -v));
      const [x1, y1] = seen(end);
      pen.strokeStyle = colour('line');
      pen.beginPath();
      pen.moveTo(x0, y0);
      pen.lineTo(x1, y1);
      pen.stroke();
      pen.fillStyle = colour('quiet');
      pen.fillText(String(axis + 1), x1, y1 - 4);
    }
    const dots = songs.checked ? places.songs.map((s) => ({ ...s, radius: 3 })) : [];
    const named = places.signatures.map((s) => ({ ...s, radius: 7, name: s.genre }));
    const points = [...dots, ...named].map((p) => ({ ...p, at: seen(p.point) }));
    points.sort((p, q) => q.at[2] - p.at[2]);
    for (const p of points) {
      pen.fillStyle = colour('genre-' + p.genre) || colour('unknown');
      pen.globalAlpha = p.name ? 1 : 0.75;
      pen.beginPath();
      pen.arc(p.at[0], p.at[1], (p.radius * 4 * zoom) / (4 + p.at[2]), 0, 7);
      pen.fill();
      if (p.name) {
        pen.strokeStyle = colour('ink');
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
    pen.lineWidth = 4;
    pen.strokeStyle = colour('paper');
    pen.fillStyle = colour('ink');
    for (const p of points.filter((q) => q.name)) {
      pen.strokeText(p.name, p.at[0], p.at[1] - 12);
      pen.fillText(p.name, p.at[0], p.at[1] - 12);
    }
  };
  const bounded = (value, least, most) => Math.min(Math.max(value, least), most);
  const turned = (yaw, pitch, zoom) => {
    turn.yaw += yaw;
    turn.pitch = bounded(turn.pitch + pitch, -1.5, 1.5);
    turn.zoom = bounded(turn.zoom * zoom, 0.5, 4);
    draw();
  };
  let from = null;
  canvas.addEventListener('pointerdown', (event) => {
    from = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!from) return;
    turned((event.clientX - from[0]) / 120, (event.clientY - from[1]) / 120, 1);
    from = [event.clientX, event.clientY];
  });
  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, () => (from = null));
  }
  const keys = {
    ArrowLeft: [-0.1, 0, 1],
    ArrowRight: [0.1, 0, 1],
    ArrowUp: [0, -0.1, 1],
    ArrowDown: [0, 0.1, 1],
    '+': [0, 0, 1.1],
    '-': [0, 0, 1 / 1.1],
  };
  canvas.addEventListener('keydown', (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    turned(...keys[event.key]);
  });
  songs.addEventListener('change', draw);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  new ResizeObserver(draw).observe(canvas);
  draw();
}
