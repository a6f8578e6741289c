// Fills the wizard for a repository in Chromium with everything it can hold, and then types in it: in the name, which the plan at its side
// follows, and in a field of the same form that no plan follows from. Prints how long the page's thread was busy with each keystroke, and how
// much of it the page itself says the plan and its notes took (User Timing), as one JSON object.
//
// node wizard.mjs ADDRESS ACCOUNT REGION, with the answers as JSON in standard input, and with the person's name and password in GANTRY_PERSON
// and GANTRY_PASSWORD.
import { text } from "node:stream/consumers";
import { browser, signedIn } from "./person.mjs";

const [address, account, region] = process.argv.slice(2);
const answers = JSON.parse(await text(process.stdin));
/** Keystrokes in each field, and how many come before them, while the browser still compiles what they need. */
const [COUNT, BEFORE] = [200, 40];
/** Milliseconds between two: a hand in a hurry, so that AWS is not asked before it rests. */
const EVERY = 50;

const chromium = await browser();
try {
  const page = await signedIn(chromium, address);
  await page.goto(`${address}/repositories/new?account=${account}&region=${region}`);
  await page.locator("html[data-hydrated]").waitFor();
  await fill(page);
  const typed = await page.evaluate(type, { name: answers.name, count: COUNT, before: BEFORE, every: EVERY });
  console.log(JSON.stringify(Object.fromEntries(Object.entries(typed).map(([what, times]) => [what, figures(times)]))));
} finally {
  await chromium.close();
}

/** Enters the answers as a person does; each section stays open. */
async function fill(page) {
  const field = (id) => page.locator(`[id="${id}"]`);
  const section = (title) => page.locator("details", { has: page.locator("summary b", { hasText: title }) });
  const open = async (title) => {
    await section(title).locator("summary").first().click();
    return section(title);
  };
  await field("name").fill(answers.name);
  const mutability = await open("Tags of images");
  if (answers.immutable) await mutability.locator("input[value=immutable]").check();
  await field("exclusions").fill(answers.exclusions.join(", "));
  const scanning = await open("Scanning");
  await scanning.getByRole("checkbox").setChecked(answers.scan_on_push);
  for (const [title, id] of [["Lifecycle rules", "lifecycle"], ["Permissions", "permissions"]]) {
    const policy = await open(title);
    await policy.locator(`input[name=${id}-source][value=json]`).check();
    await field(id).fill(answers[id]);
  }
  const tags = await open(/^Tags$/);
  for (const [n, [key, value]] of answers.tags.entries()) {
    await tags.getByRole("button", { name: "Add a tag" }).click();
    await field(`tags.${n}`).fill(key);
    await field(`tags.${n}.value`).fill(value);
  }
  const rules = JSON.parse(answers.lifecycle).rules.length;
  const statements = JSON.parse(answers.permissions).Statement.length;
  await section("Lifecycle rules").locator(`.means li:nth-child(${rules})`).waitFor();
  await section("Permissions").locator(`.means li:nth-child(${statements})`).waitFor();
  await page.getByText("nothing is done yet").waitFor();
}

/** In the page: types, now in the one field, now in the other, and answers milliseconds. */
async function type({ name, count, before, every }) {
  const fields = { name: document.getElementById("name"), other: document.getElementById("lifecycle.prefix") };
  const panel = document.querySelector("aside.plan");
  const steps = () => [...panel.querySelectorAll("ol li")].map((step) => step.innerText);
  let redrawn = 0;
  new MutationObserver((changes) => (redrawn += changes.length)).observe(panel, { subtree: true, childList: true, characterData: true });
  // A task that comes after everything the event leads to on this thread: listeners, and what they put off until they have ended.
  // Where a frame or an answer comes before it, that is in the time as well.
  const { port1, port2 } = new MessageChannel();
  const after = () =>
    new Promise((resume) => {
      port1.onmessage = resume;
      port2.postMessage(undefined);
    });
  const times = { name: [], name_shown: [], other: [], other_shown: [], plan: [], notes: [] };
  const told = new PerformanceObserver(() => {});
  told.observe({ type: "measure" });
  const key = async (which, value) => {
    const field = fields[which];
    redrawn = 0;
    told.takeRecords();
    const begin = performance.now();
    field.value = value;
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
    await after();
    const done = performance.now();
    // Styles and places, which the next frame would ask for.
    document.body.getBoundingClientRect();
    times[which].push(done - begin);
    times[`${which}_shown`].push(performance.now() - begin);
    const measures = told.takeRecords();
    for (const what of ["plan", "notes"]) {
      const made = measures.filter((measure) => measure.name === `gantry:${what}`);
      if (made.length !== (which === "name" ? 1 : 0)) throw new Error(`${made.length} times ${what} at a keystroke in ${which}`);
      times[what].push(...made.map((measure) => measure.duration));
    }
    await new Promise((resume) => setTimeout(resume, every));
  };
  const length = steps().length;
  for (let n = 0; n < before + count; n++) {
    // Longer by one, again and again.
    const more = "abcdefghij".slice(0, 1 + (n % 10));
    await key("name", name + more);
    const now = steps();
    if (redrawn === 0 || now.length !== length || !now.every((step) => step.includes(`${name}${more}`))) {
      throw new Error(`the plan did not follow ${name}${more}: ${now.join(", ")}`);
    }
    await key("other", `dev-${more}`);
    if (redrawn > 0) throw new Error("the plan follows from a field that should be none of its");
  }
  return Object.fromEntries(Object.entries(times).map(([what, all]) => [what, all.slice(before)]));
}

function figures(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return { times: sorted.length, median: at(0.5), p95: at(0.95), slowest: at(1) };
}
