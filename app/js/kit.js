// What pages can do before WebAssembly has arrived, and what needs no data: colour scheme, copying, menus, dialogs, keys.
// Everything here listens on the document, so it also works for what is drawn later.

import { ROWS, moveRow, scrollBox } from './kit/rows.js';
import './kit/forms.js';
import './kit/rest.js';
import './kit/widths.js';

const root = document.documentElement;

// Colour scheme -----------------------------------------------------------------------------------------------------------------
function setTheme(theme) {
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  else delete root.dataset.theme;
  try {
    if (theme === 'system') localStorage.removeItem('gantry-theme');
    else localStorage.setItem('gantry-theme', theme);
  } catch { /* private windows may refuse to remember; the choice holds for this page */ }
  dispatchEvent(new Event('gantry-theme'));
}

// Sign-in: the cursor stands in the field that is to be put right ----------------------------------------------------------------
const gate = document.querySelector('.gate form');
if (gate) {
  const [name, password] = ['name', 'password'].map((field) => gate.elements.namedItem(field));
  const problem = new URLSearchParams(location.search).get('problem');
  (name.value && problem && problem !== 'name' ? password : name).focus();
}

// Toasts ------------------------------------------------------------------------------------------------------------------------
export function toast(text) {
  const region = document.getElementById('toasts');
  if (!region) return;
  const box = document.createElement('div');
  box.className = 'toast';
  box.textContent = text;
  region.append(box);
  // Long enough to be read.
  setTimeout(() => box.remove(), Math.max(2600, 90 * text.length));
}
addEventListener('gantry-toast', (event) => toast(String(event.detail)));

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied');
  } catch {
    toast('The browser did not allow copying');
  }
}

// Menus and dialogs -------------------------------------------------------------------------------------------------------------
const openMenus = () => document.querySelectorAll('details.menu[open]');

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement)) return false;
  for (const menu of openMenus()) menu.open = false;
  if (!dialog.open) dialog.showModal();
  const field = dialog.querySelector('input[type=search]');
  field?.focus();
  field?.select();
  return true;
}

/** Whether the pointer is on what lies around a dialog; the edge inside of it has the dialog as its target, too. */
function isBeside({ target, clientX, clientY }) {
  if (!(target instanceof HTMLDialogElement)) return false;
  const { left, right, top, bottom } = target.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

let pressedBeside = false;
document.addEventListener('pointerdown', (event) => {
  pressedBeside = isBeside(event);
}, true);

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
  // What was asked for is done: the panel no longer stands before what is said of it.
  const done = target.closest('[data-closes]')?.closest('details.menu');
  if (done) {
    done.open = false;
    done.querySelector('summary')?.focus();
  }

  // The router would change the address only, and leave the focus where it is.
  if (target.closest('a.skip')) {
    event.preventDefault();
    document.getElementById('page')?.focus();
    return;
  }

  const chosen = target.closest('details.menu[data-keep] a.option');
  if (chosen && !event.metaKey && !event.ctrlKey) stayOpen(chosen);

  const more = target.closest('[data-row-menu]');
  if (more) {
    // The page fills the menu first.
    requestAnimationFrame(() => openRowMenu(more));
    return;
  }
  if (target.closest('.row-menu .option')) rowMenu()?.hidePopover();

  const copier = target.closest('[data-copy]');
  if (copier) {
    event.preventDefault();
    copy(copier.dataset.copy);
    return;
  }
  const theme = target.closest('[data-theme-set]');
  if (theme) {
    setTheme(theme.dataset.themeSet);
    theme.closest('details.menu')?.removeAttribute('open');
    // In the search it is a link among others, which leads nowhere.
    if (theme.matches('a')) {
      event.preventDefault();
      event.stopPropagation();
      theme.closest('dialog')?.close();
    }
    return;
  }
  const opener = target.closest('[data-open]');
  if (opener && !event.metaKey && !event.ctrlKey && openDialog(opener.dataset.open)) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  if (target.closest('a.again') && target.closest('a.again').getAttribute('href') === '') {
    event.preventDefault();
    event.stopPropagation();
    location.reload();
    return;
  }
  // A click beside a dialog closes it; so does following a link in it. A selection that ends beside it was begun inside.
  if (pressedBeside && isBeside(event)) target.close();
  else if (target.closest('dialog a[href]')) target.closest('dialog').close();
  // On small screens a chosen place closes the drawer.
  if (target.closest('.rail a[href]')) {
    const drawer = document.getElementById('drawer');
    if (drawer) drawer.checked = false;
  }
}, true);

/** Moves the panel of an open menu sideways into the window; narrow windows have it at their lower edge. */
function keepInSight(menu) {
  const panel = menu.querySelector('.panel');
  if (!panel) return;
  panel.style.transform = '';
  const { left, right } = panel.getBoundingClientRect();
  const over = Math.max(0, right + 8 - root.clientWidth);
  const by = Math.max(-over, 8 - left);
  if (over > 0 || left < 0) panel.style.transform = `translateX(${by}px)`;
}
addEventListener('resize', () => openMenus().forEach(keepInSight));

// The menu of a row floats over the table, whose edge would cut it.
const rowMenu = () => document.querySelector('.row-menu:popover-open');

function openRowMenu(button) {
  const menu = document.querySelector('.row-menu');
  if (!menu?.showPopover) return;
  menu.showPopover();
  // Narrow windows have it at their lower edge.
  menu.style.left = menu.style.top = '';
  if (matchMedia('(width >= 720px)').matches) {
    const [at, { width, height }] = [button.getBoundingClientRect(), menu.getBoundingClientRect()];
    const below = at.bottom + 4;
    menu.style.left = `${Math.min(at.left, innerWidth - width - 8)}px`;
    const top = below + height > innerHeight - 8 ? at.top - height - 4 : below;
    menu.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
  }
  menu.querySelector('.option')?.focus({ preventScroll: true });
}

/** Moves the focus among the options of a menu, or of a field that finds something and the field itself. */
function moveOption(menu, step) {
  const options = [...menu.querySelectorAll('input[type=search], .option')];
  options[(options.indexOf(document.activeElement) + step + options.length) % options.length]?.focus();
}

document.addEventListener('scroll', (event) => {
  if (event.target.matches?.('.rows')) rowMenu()?.hidePopover();
}, { capture: true, passive: true });

// A list is drawn anew with each choice made in a panel: the panel that takes its place opens where the old one was.
function stayOpen(option) {
  const menu = option.closest('details.menu');
  const [text, top] = [menu.querySelector('[data-find-option]')?.value ?? '', menu.querySelector('.panel').scrollTop];
  const watch = new MutationObserver(() => {
    const next = document.querySelector(`details.menu[data-keep="${CSS.escape(menu.dataset.keep)}"]`);
    if (next === menu || !next) return;
    watch.disconnect();
    next.open = true;
    const find = next.querySelector('[data-find-option]');
    if (find && text) {
      find.value = text;
      find.dispatchEvent(new Event('input', { bubbles: true }));
    }
    next.querySelector('.panel').scrollTop = top;
    const again = [...next.querySelectorAll('a.option')].find((other) => other.dataset.text === option.dataset.text);
    again?.focus({ preventScroll: true });
  });
  watch.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => watch.disconnect(), 5000);
}

// A field that narrows the options of its panel.
document.addEventListener('input', (event) => {
  if (event.target.matches?.('[role=combobox]')) event.target.removeAttribute('aria-activedescendant');
  if (!event.target.matches?.('[data-find-option]')) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const option of event.target.closest('.panel').querySelectorAll('[data-text]')) {
    option.hidden = !words.every((word) => option.dataset.text.includes(word));
  }
});
document.addEventListener('toggle', (event) => {
  const target = event.target;
  if (target.matches?.('details.menu[open]')) {
    keepInSight(target);
    target.querySelector('[data-find-option]')?.focus();
  } else if (target.matches?.('.rail-more[open]')) {
    // What the rail unfolds may be below its edge.
    (target.querySelector('[aria-current]') ?? target).scrollIntoView({ block: 'nearest' });
  }
}, true);

// The place of this page may be below the rail's edge, its tab beyond the strip's. Not by scrollIntoView: keys would go on from there.
const shownIn = (box, part) => {
  if (!box || !part) return;
  const [outer, inner] = [box.getBoundingClientRect(), part.getBoundingClientRect()];
  box.scrollTop += Math.max(0, inner.bottom - outer.bottom) + Math.min(0, inner.top - outer.top);
  box.scrollLeft += Math.max(0, inner.right - outer.right) + Math.min(0, inner.left - outer.left);
};
shownIn(document.querySelector('.rail .places'), document.querySelector('.rail .places [aria-current]'));
for (const strip of document.querySelectorAll('.tabs')) shownIn(strip, strip.querySelector('[aria-current]'));

// Absolute times in the reader's own zone ----------------------------------------------------------------------------------------
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
document.addEventListener('pointerover', (event) => {
  const time = event.target instanceof Element ? event.target.closest('time[datetime]') : null;
  if (!time || time.dataset.exact) return;
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  time.dataset.exact = '1';
  time.title = `${exact.format(at)}\n${time.title}`;
});

// Keys ----------------------------------------------------------------------------------------------------------------------------
let went = -Infinity;

function follow(link) {
  if (!link) return false;
  link.click();
  return true;
}

const SCROLLING = ['Home', 'End', 'PageUp', 'PageDown', 'ArrowUp', 'ArrowDown'];

function moveHit(dialog, step) {
  const hits = [...dialog.querySelectorAll('a.hit')];
  if (!hits.length) return;
  // Without a choice the first is meant, so the first step goes to the second.
  const now = Math.max(0, hits.findIndex((hit) => hit.getAttribute('aria-selected') === 'true'));
  const next = hits[(now + step + hits.length) % hits.length];
  for (const hit of hits) hit.setAttribute('aria-selected', String(hit === next));
  dialog.querySelector('[role=combobox]')?.setAttribute('aria-activedescendant', next.id);
  next.scrollIntoView({ block: 'nearest' });
}

/** Follows the chosen hit once the results are those of what is in the field: fast typists press Enter before. */
function followHit(dialog, until) {
  const field = dialog.querySelector('[role=combobox]');
  const hits = dialog.querySelector('.hits');
  if (!dialog.open || !field) return;
  if (hits && hits.dataset.for === field.value) {
    follow(hits.querySelector('a.hit[aria-selected=true]') ?? hits.querySelector('a.hit'));
  } else if (performance.now() < until) {
    setTimeout(() => followHit(dialog, until), 30);
  }
}

document.addEventListener('keydown', (event) => {
  const key = event.key;
  if ((event.metaKey || event.ctrlKey) && key.toLowerCase() === 'k') {
    if (openDialog('search')) event.preventDefault();
    return;
  }
  const dialog = document.querySelector('dialog#search[open]');
  if (dialog) {
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      moveHit(dialog, key === 'ArrowDown' ? 1 : -1);
    } else if (key === 'Enter' && document.activeElement?.matches('input')) {
      // Without WebAssembly there are no hits: the form leads to the search page.
      if (dialog.querySelector('.hits')) {
        event.preventDefault();
        followHit(dialog, performance.now() + 3000);
      }
    } else if (key === 'Escape') {
      // The browser would empty the field first.
      event.preventDefault();
      dialog.close();
    }
    return;
  }
  const options = rowMenu() ?? event.target.closest?.('.picker');
  if (options && (key === 'ArrowDown' || key === 'ArrowUp')) {
    event.preventDefault();
    moveOption(options, key === 'ArrowDown' ? 1 : -1);
    return;
  }
  // Esc closes it: the browser sees to that.
  if (rowMenu()) return;
  if (key === 'Escape') {
    const open = openMenus();
    const drawer = document.getElementById('drawer');
    if (drawer) drawer.checked = false;
    const idle = !open.length && !document.querySelector('dialog[open]') && !document.activeElement?.matches('[data-filter]');
    if (idle) document.querySelector('.selection [data-clear]')?.click();
    for (const menu of open) {
      menu.open = false;
      menu.querySelector('summary')?.focus();
    }
    if (document.activeElement?.matches('[data-filter]')) {
      // The browser would empty it.
      event.preventDefault();
      document.activeElement.blur();
    }
    return;
  }
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
  if ((key === 'ArrowDown' && event.target.matches?.('[data-filter]')) || (/^Arrow(Down|Up)$/.test(key) && event.target.matches?.(ROWS))) {
    if (moveRow(key === 'ArrowDown' ? 1 : -1)) event.preventDefault();
    return;
  }
  if (event.target.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]')) return;
  if (document.querySelector('dialog[open]')) return;
  if (SCROLLING.includes(key) && scrollBox(event)) {
    event.preventDefault();
    return;
  }
  let done = false;
  if (event.timeStamp - went < 1000) {
    went = -Infinity;
    done = follow(document.querySelector(`.rail a[data-key="${CSS.escape(key)}"]`));
  } else if (key === 'g') {
    went = event.timeStamp;
    done = true;
  } else if (key === '/') {
    const field = document.querySelector('main [data-filter]');
    field?.focus();
    field?.select();
    done = Boolean(field) || openDialog('search');
  } else if (key === '?') {
    done = openDialog('help');
  } else if (key === 'j' || key === 'k') {
    done = moveRow(key === 'j' ? 1 : -1);
  } else if (key === 'x') {
    const box = document.activeElement?.closest('tr')?.querySelector('td input.pick');
    box?.click();
    done = Boolean(box);
  }
  if (done) event.preventDefault();
});
