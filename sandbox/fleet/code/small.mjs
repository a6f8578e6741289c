// A small service function: answers what it was asked.
export const handler = async (event, context) => {
  const answer = { function: context.functionName, stage: process.env.STAGE, keys: Object.keys(event ?? {}).slice(0, 5) };
  console.log(`answered: ${JSON.stringify(answer)}`);
  return answer;
};
