// Forms that only lead to another page of Gantry are followed as links are, once the program is there: the page stays, and with it whatever is
// under way on it, such as a file that is being sent.

const root = document.documentElement;

/** What the form shows is what it is drawn with from now on, so that a later address can change it. */
function settle(form) {
  for (const field of form.elements) {
    if (field instanceof HTMLSelectElement) for (const option of field.options) option.defaultSelected = option.selected;
    else if (field.type === 'checkbox') field.defaultChecked = field.checked;
    // What is picked among rows stands elsewhere in the next answer.
    else if (field instanceof HTMLInputElement && field.type !== 'radio') field.defaultValue = field.value;
  }
  form.reset();
}

// By its attributes: a field called `action` hides the form's own.
const leads = (form) =>
  form instanceof HTMLFormElement && form.getAttribute('method') === 'get' && root.dataset.hydrated !== undefined;

/** What a query says, whatever the order of its names and with or without those that say nothing. */
const said = (query) => [...new URLSearchParams(query)].filter(([, value]) => value).map(String).sort().join('&');

document.addEventListener('submit', (event) => {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || !leads(form)) return;
  event.preventDefault();
  const query = new URLSearchParams(new FormData(form, submitter));
  const { pathname } = new URL(form.getAttribute('action'), location.href);
  // The same once more is meant to be asked anew.
  if (pathname === location.pathname && said(query) === said(location.search)) {
    location.reload();
    return;
  }
  const link = document.createElement('a');
  link.href = `${pathname}?${query}`;
  settle(form);
  form.closest('dialog')?.close();
  // The router hears clicks on links.
  document.body.append(link);
  link.click();
  link.remove();
});

// A link among fields is made of the address, not of what was chosen in them since: they show that again.
document.addEventListener('click', ({ target, ctrlKey, metaKey, shiftKey }) => {
  if (ctrlKey || metaKey || shiftKey) return;
  const form = target instanceof Element ? target.closest('a[href]')?.closest('form') : null;
  if (leads(form)) form.reset();
});

// Nor is what was typed on the way to another address.
addEventListener('popstate', () => {
  for (const form of document.forms) if (leads(form) && !form.matches('.filter')) form.reset();
});
