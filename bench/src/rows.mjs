// Scrolls the list of functions in Chromium, and then a plain table of as many rows in a box of the same size: with the wheel, and by the thumb
// of the scrollbar to the end and back, as a person does. Prints how long frames took, as one JSON object.
//
// node rows.mjs ADDRESS ROWS, with the person's name and password in GANTRY_PERSON and GANTRY_PASSWORD.
import { browser, signedIn } from "./person.mjs";

const [address, rows] = [process.argv[2], Number(process.argv[3])];
/** Pixels of a notch of a wheel, and how often one comes: a hand in a hurry. */
const [NOTCH, EVERY] = [120, 16];
/** Milliseconds of each way. */
const [DOWN, UP, DRAG] = [5000, 3000, 2000];

// There has to be a thumb to drag.
const chromium = await browser({ ignoreDefaultArgs: ["--hide-scrollbars"] });
try {
  const page = await signedIn(chromium, address);
  await page.goto(`${address}/functions`);
  await page.locator("html[data-hydrated]").waitFor();
  await page.locator(".tablefoot", { hasText: `${rows.toLocaleString("en")} functions` }).waitFor();
  let questions = 0;
  page.on("request", (request) => (questions += Number(request.url().endsWith("/api/fn/list"))));
  const list = await scrolled(page);
  const { size, cells } = await page.locator(".rows").evaluate((box) => ({
    size: [box.offsetWidth, box.offsetHeight],
    cells: [...box.querySelectorAll("tbody tr:not(.space)")].map((row) => [...row.cells].map((cell) => cell.innerText.trim())),
  }));

  const plain = await chromium.newPage({ viewport: { width: 1440, height: 900 } });
  await plain.setContent(table(size, cells));
  const beside = await scrolled(plain);
  console.log(JSON.stringify({ list: { ...list, questions }, plain: beside }));
} finally {
  await chromium.close();
}

/** A plain table with the text of these rows again and again. */
function table([width, height], cells) {
  const escape = (text) => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const row = (n) => `<tr>${cells[n % cells.length].map((text, at) => `<td>${escape(at === 0 ? `${text} ${n}` : text)}</td>`).join("")}</tr>`;
  return `<!DOCTYPE html><meta charset="utf-8"><title>A plain table</title><style>
    body { margin: 16px; font: 13px/18px sans-serif }
    .rows { width: ${width}px; height: ${height}px; box-sizing: border-box; overflow: auto; border: 1px solid #ccc }
    table { width: 100%; border-collapse: separate; border-spacing: 0 }
    td { height: 38px; padding: 0 10px; border-bottom: 1px solid #ccc; white-space: nowrap }
  </style><div class="rows"><table>${Array.from({ length: rows }, (_, n) => row(n)).join("")}</table></div>`;
}

/** What frames took, and how long after a drag to the end its rows were there. */
async function scrolled(page) {
  const box = await page.locator(".rows").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await frames(page, 2);
  await page.evaluate(watch);
  await turned(page, NOTCH, DOWN);
  await turned(page, -NOTCH, UP);
  const wheel = await page.evaluate(() => globalThis.watched());
  if (!(await place(page))) throw new Error("the wheel scrolls nothing");

  await page.evaluate(() => (document.querySelector(".rows").scrollTop = 0));
  // Until the wheel lets go, which takes half a second, nothing else scrolls.
  await frames(page, 60);
  await filled(page);
  await page.evaluate(watch);
  await dragged(page, box, 1);
  const there = await filled(page);
  await dragged(page, box, 0);
  const back = await filled(page);
  const drag = await page.evaluate(() => globalThis.watched());
  return { wheel: figures(wheel), drag: figures(drag), filled: Math.max(there, back) };
}

/** In the page: notes when each frame comes and what keeps its thread busy for 50 ms or more, until `watched` is called. */
function watch() {
  const [times, tasks] = [[], []];
  let [last, ended] = [undefined, false];
  const note = (entries) => tasks.push(...entries.map((entry) => entry.duration));
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: "longtask" });
  const frame = (now) => {
    if (last !== undefined) times.push(now - last);
    last = now;
    if (!ended) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  globalThis.watched = () => {
    ended = true;
    note(observer.takeRecords());
    observer.disconnect();
    return { times, tasks };
  };
}

function figures({ times, tasks }) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return { frames: sorted.length, median: at(0.5), p99: at(0.99), longest: at(1), tasks: tasks.length, longest_task: Math.max(0, ...tasks) };
}

/** Turns the wheel for a while. */
async function turned(page, notch, time) {
  const begin = performance.now();
  for (let next = begin; next - begin < time; next = Math.max(next + EVERY, performance.now())) {
    await new Promise((resume) => setTimeout(resume, next - performance.now()));
    await page.mouse.wheel(0, notch);
  }
}

/** Drags the thumb to the other end: from the top to the bottom for 1, back for 0. */
async function dragged(page, box, end) {
  const x = box.x + box.width - 8;
  // The thumb is behind the button at the end of the bar.
  const [from, to] = end ? [box.y + 26, box.y + box.height + 40] : [box.y + box.height - 26, box.y - 40];
  await page.mouse.move(x, from);
  await page.mouse.down();
  const begin = performance.now();
  for (let part = 0; part < 1; ) {
    part = Math.min(1, (performance.now() - begin) / DRAG);
    await page.mouse.move(x, from + (to - from) * part);
    await new Promise((resume) => setTimeout(resume, EVERY / 2));
  }
  await page.mouse.up();
  const at = await place(page);
  if (Math.abs(at - end) > 0.001) throw new Error(`the thumb was dragged to ${end} and is at ${at}`);
}

/** How far it is scrolled, from 0 to 1. */
function place(page) {
  return page.evaluate(() => {
    const box = document.querySelector(".rows");
    return box.scrollTop / (box.scrollHeight - box.clientHeight);
  });
}

/** Waits until each row in sight has its text; answers milliseconds. */
function filled(page) {
  return page.evaluate(
    () =>
      new Promise((resume, refuse) => {
        const begin = performance.now();
        const look = () => {
          const box = document.querySelector(".rows").getBoundingClientRect();
          const sees = ({ top, bottom }) => bottom > box.top && top < box.bottom;
          const blank = [...document.querySelectorAll(".rows tr.blank")].some((row) => sees(row.getBoundingClientRect()));
          const row = document.elementFromPoint(box.left + 200, box.top + box.height / 2)?.closest("tr");
          if (row && !row.matches(".space") && !blank) resume(performance.now() - begin);
          else if (performance.now() - begin > 10_000) refuse(new Error("rows stay blank for ten seconds"));
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
}

async function frames(page, count) {
  for (let n = 0; n < count; n++) await page.evaluate(() => new Promise((resume) => requestAnimationFrame(resume)));
}
