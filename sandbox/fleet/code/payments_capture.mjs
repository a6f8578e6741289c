// Captures authorised payments from the queue.
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export const handler = async (event) => {
  for (const record of event.Records ?? []) {
    const payment = JSON.parse(record.body);
    await wait(20 + Math.random() * 120);
    if (Math.random() < 0.05) {
      console.error(JSON.stringify({ level: "error", msg: "card issuer did not answer", payment: payment.id, issuer: "Bank of Nowhere" }));
      throw new Error(`card issuer timed out for payment ${payment.id}`);
    }
    console.log(JSON.stringify({ level: "info", msg: "payment captured", payment: payment.id, amount: payment.amount, currency: payment.currency }));
  }
  return { captured: (event.Records ?? []).length };
};
