// Asks each service how it is and raises an alarm when one is slow.
const services = ["orders", "payments", "catalog", "search"];
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export const handler = async () => {
  let slow = 0;
  for (const service of services) {
    const took = 5 + Math.random() * 60;
    await wait(took);
    const level = took > 60 ? "warn" : "info";
    if (level === "warn") slow += 1;
    console.log(JSON.stringify({ level, msg: "probe", service, ms: Math.round(took) }));
  }
  if (slow > 1) throw new Error(`${slow} services answered slowly`);
  return { slow };
};
