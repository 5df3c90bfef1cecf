/** What is not read, whatever is in it. */
export class Refused extends Error {}
