// A thin face for uPlot: `draw(element, series)` gives `{update, destroy}`. Series are `[{name, unit, points: [[ms, value]]}]`.
import uPlot from 'uplot';

const BAD = /error/i;
const WARN = /throttle/i;
const HEIGHT = 148;

// UTC, like the times of log lines.
const clock = (t) => new Date(t * 1000).toISOString().slice(11, 16);
const HOUR = 3600;
/** Between two points, in milliseconds. */
const MINUTE = 60_000;
/** Milliseconds in which a second click makes a double click. */
const DOUBLE = 500;
const WHOLE = [1, 2, 5].flatMap((n) => Array.from({ length: 9 }, (_, e) => n * 10 ** e)).sort((a, b) => a - b);
// Minutes, then hours: CloudWatch knows nothing shorter.
const STEPS = [60, 300, 600, 900, 1800, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR];

const mark = (name, n) => (BAD.test(name) ? 'bad' : WARN.test(name) ? 'warn' : `s${(n % 4) + 1}`);
const unit = (s) => (s.unit === 'count' ? '' : s.unit === '%' ? '%' : ` ${s.unit}`);

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Custom properties may hold light-dark(): let the browser compute the colour. */
function colour(name) {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** One time axis for all series; a missing minute stays missing. Where all miss some, an empty one after the last that was told keeps lines apart. */
function align(series) {
  const told = [...new Set(series.flatMap((s) => s.points.map(([t]) => t)))].sort((a, b) => a - b);
  const times = told.flatMap((t, i) => (i && t - told[i - 1] > MINUTE ? [told[i - 1] + MINUTE, t] : [t]));
  const at = new Map(times.map((t, i) => [t, i]));
  const columns = series.map((s) => {
    const column = new Array(times.length).fill(null);
    for (const [t, v] of s.points) column[at.get(t)] = v;
    return column;
  });
  return [times.map((t) => t / 1000), ...columns];
}

/** The whole hour, also where nothing was measured at its beginning; a part of it that was dragged over stays that part. */
function hour(u, min, max) {
  const [first, last] = [u.data[0][0], u.data[0].at(-1)];
  // uPlot asks with the first and the last moment measured; of a single one it makes a day, in which the hour is lost.
  const all = min == null || (min === first && (max === last || first === last));
  if (!all) return [min, max];
  const now = Date.now() / 1000;
  return [Math.min(first ?? Infinity, now - HOUR), Math.max(last ?? 0, now)];
}

/** What the pointer is at; in an empty minute that is the one told before it. */
function pointed(u) {
  const i = u.cursor.idx;
  const empty = i > 0 && u.data.every((column, n) => !n || column[i] == null);
  return empty ? i - 1 : i;
}

/** Points without neighbours: no line shows them. */
const alone = (values) => values.flatMap((v, i) => (v != null && values[i - 1] == null && values[i + 1] == null ? [i] : []));

function short(value) {
  if (value == null) return '–';
  const a = Math.abs(value);
  if (a >= 1e9) return `${(value / 1e9).toFixed(1)}G`;
  if (a >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (a >= 1e4) return `${(value / 1e3).toFixed(0)}k`;
  if (a >= 100 || Number.isInteger(value)) return value.toLocaleString('en', { maximumFractionDigits: 0 });
  return value.toLocaleString('en', { maximumSignificantDigits: 3 });
}

export function draw(element, series) {
  let plot = null;
  let shown = series;
  // Dragged over a part of it: new numbers must not show all of it again. A double click does.
  let zoomed = false;
  const tip = document.createElement('div');
  tip.className = 'chart-tip';
  tip.hidden = true;

  function hover(u) {
    const i = pointed(u);
    if (i == null || u.cursor.left < 0) {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren();
    const head = document.createElement('b');
    head.textContent = `${clock(u.data[0][i])} UTC`;
    tip.append(head);
    shown.forEach((s, n) => {
      const line = document.createElement('div');
      const sign = document.createElement('i');
      sign.className = mark(s.name, n).replace(/^(bad|warn)$/, 's-$1');
      const value = u.data[n + 1][i];
      line.append(sign, `${s.name} ${short(value)}${value == null ? '' : unit(s)}`);
      tip.append(line);
    });
    tip.hidden = false;
    const left = u.cursor.left + u.over.offsetLeft;
    tip.style.left = `${left > element.clientWidth / 2 ? left - tip.offsetWidth - 12 : left + 12}px`;
    tip.style.top = '8px';
  }

  function make() {
    plot?.destroy();
    element.replaceChildren();
    const grid = { stroke: colour('--line'), width: 1 };
    const axis = { stroke: colour('--text-3'), grid, ticks: { show: false }, font: `11px ${token('--sans') || 'sans-serif'}` };
    const whole = shown.every((s) => s.unit === 'count');
    plot = new uPlot({
      width: Math.max(element.clientWidth, 120),
      height: HEIGHT,
      legend: { show: false },
      padding: [10, 16, 0, 0],
      cursor: { y: false, points: { size: 6 }, drag: { x: true, y: false } },
      scales: { x: { range: hour }, y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
      axes: [{ ...axis, grid: { show: false }, space: 70, size: 26, incrs: STEPS, values: (_u, ticks) => ticks.map(clock) }, { ...axis, size: 56, space: 34, ...(whole && { incrs: WHOLE }), values: (_u, ticks) => ticks.map((t) => short(t) + (shown[0] ? unit(shown[0]) : "")) }],
      series: [
        {},
        ...shown.map((s, n) => ({
          label: s.name,
          stroke: colour(`--${mark(s.name, n)}`),
          width: 1.6,
          spanGaps: false,
          points: { show: s.points.length < 3, filter: (u, k, show) => (show ? null : alone(u.data[k])) },
        })),
      ],
      hooks: { setCursor: [hover], setSelect: [(u) => (zoomed ||= u.select.width > 0)] },
    }, align(shown), element);
    plot.over.addEventListener('dblclick', () => (zoomed = false));
    // A click, not the end of a drag, goes to the log of that minute where there is one.
    const minutes = element.closest('[data-minute-href]')?.dataset.minuteHref;
    if (minutes) {
      let [from, soon] = [0, 0];
      const follow = (at) => {
        if (!element.isConnected) return;
        const link = document.createElement('a');
        link.href = `${minutes}${Math.round(at * 1000)}`;
        link.hidden = true;
        element.append(link);
        link.click();
        link.remove();
      };
      plot.over.style.cursor = 'pointer';
      plot.over.addEventListener('mousedown', (event) => (from = event.clientX));
      plot.over.addEventListener('click', (event) => {
        const at = plot.data[0][pointed(plot)];
        clearTimeout(soon);
        if (at == null || event.detail > 1 || Math.abs(event.clientX - from) > 3) return;
        // In a part of the hour it may be the first of a double click, which shows all of it again.
        if (zoomed) soon = setTimeout(follow, DOUBLE, at);
        else follow(at);
      });
    }
    element.append(tip);
  }

  const sized = new ResizeObserver(() => {
    const width = Math.max(element.clientWidth, 120);
    if (plot && Math.abs(plot.width - width) > 1) plot.setSize({ width, height: HEIGHT });
  });
  const dark = matchMedia('(prefers-color-scheme: dark)');
  make();
  sized.observe(element);
  dark.addEventListener('change', make);
  addEventListener('gantry-theme', make);

  return {
    update(next) {
      const same = next.length === shown.length && next.every((s, i) => s.name === shown[i].name);
      shown = next;
      if (same) plot.setData(align(next), !zoomed);
      else make();
    },
    destroy() {
      sized.disconnect();
      dark.removeEventListener('change', make);
      removeEventListener('gantry-theme', make);
      plot?.destroy();
    },
  };
}
