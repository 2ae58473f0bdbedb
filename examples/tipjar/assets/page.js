// Keeps the page up to date and sends the form without leaving it. The page works without this script too.
// The HTML that it puts into the page is made, and escaped, by the server.
const byId = (id) => document.getElementById(id);
const form = byId('leave');
const notice = byId('notice');
const button = form.querySelector('button');
const FIELDS = ['amount', 'name', 'message'];

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

function age(at) {
  const seconds = Math.max(0, (Date.now() - at) / 1_000);
  const [unit, length] = UNITS.find(([, unitLength]) => seconds >= unitLength) ?? ['second', 1];
  return seconds < 10 ? 'just now' : relative.format(-Math.floor(seconds / length), unit);
}

function showAges() {
  for (const time of document.querySelectorAll('time')) {
    const text = age(Date.parse(time.dateTime));
    time.title = new Date(time.dateTime).toLocaleString();
    if (time.textContent !== text) time.textContent = text;
  }
}

/** Replaces the parts that differ, so that what did not change keeps its selection. */
function show(parts) {
  document.title = parts.title;
  const texts = { title: parts.title, fault: parts.fault, 'amount-hint': parts.hint };
  for (const [id, text] of Object.entries(texts)) if (byId(id).textContent !== text) byId(id).textContent = text;
  byId('amount').dataset.min = parts.minTip;
  if (shown.summary !== parts.summary) byId('summary').innerHTML = parts.summary;
  if (shown.tips !== parts.tips) showTips(parts.tips);
  shown = parts;
}

function showTips(tips) {
  const known = new Set([...document.querySelectorAll('[data-tip]')].map((item) => item.dataset.tip));
  byId('tips').innerHTML = tips;
  for (const item of document.querySelectorAll('[data-tip]')) {
    item.classList.toggle('arrived', !known.has(item.dataset.tip));
  }
  showAges();
}

function showOutcome({ faults = {}, text, isGood = false }) {
  for (const field of FIELDS) {
    byId(`${field}-fault`).textContent = faults[field] ?? '';
    byId(field).toggleAttribute('aria-invalid', false);
    if (faults[field] !== undefined) byId(field).setAttribute('aria-invalid', 'true');
  }
  notice.textContent = text;
  notice.classList.toggle('bad', !isGood);
  const first = FIELDS.find((field) => faults[field] !== undefined);
  if (first !== undefined) byId(first).focus();
}

async function leave() {
  const { amount, name, message } = Object.fromEntries(new FormData(form));
  const response = await fetch('/api/tips', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ amount, name, message }),
  });
  const answer = await response.json();
  if (!response.ok) {
    showOutcome({ faults: answer.faults, text: answer.error });
    return;
  }
  showOutcome({ text: `Thank you, ${answer.tip.name}: ${answer.tip.amount} ETH is in the jar.`, isGood: true });
  byId('message').value = '';
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (button.disabled) return;
  button.disabled = true;
  showOutcome({ text: 'Sending …', isGood: true });
  leave()
    .catch(() => showOutcome({ text: 'The tip could not be sent. Check your connection and try again.' }))
    .finally(() => {
      button.disabled = false;
    });
});

/** The browser itself reconnects a stream that broke, but gives up after an answer that is not a stream. */
function follow() {
  const live = new EventSource('/live');
  live.addEventListener('message', (event) => show(JSON.parse(event.data)));
  live.addEventListener('error', () => {
    if (live.readyState === EventSource.CLOSED) setTimeout(follow, 5_000);
  });
}

let shown = {};
follow();
showAges();
setInterval(showAges, 15_000);
