// Receives the payment provider's notices.
export const handler = async (event) => {
  const signature = event.headers?.["x-signature"];
  console.log(JSON.stringify({ level: "info", msg: "notice received", signed: Boolean(signature), path: event.rawPath }));
  if (!signature) return { statusCode: 401, body: JSON.stringify({ error: "signature missing" }) };
  return { statusCode: 202, body: "" };
};
