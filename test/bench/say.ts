/** Progress goes to standard error with the seconds since the start; results to standard output. */
export function say(text: string): void {
  const seconds = (performance.now() / 1000).toFixed(0).padStart(4);
  process.stderr.write(`${seconds} s  ${text.replaceAll("\n", `\n${" ".repeat(8)}`)}\n`);
}
