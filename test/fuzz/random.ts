/** A seeded source of choices: the same seed and mutant number give the same mutant anywhere. */

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  /** Every mutant has its own sequence, so that one can be replayed without those before it. */
  constructor(seed: number, mutant: number) {
    this.#a = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    this.#b = mutant | 0;
    this.#c = Math.imul(Math.floor(mutant / 2 ** 32) ^ seed, 0xc2b2ae35);
    for (let round = 0; round < 12; round++) this.word();
  }

  /** 32 bits, unsigned (sfc32, of the PractRand suite). */
  word(): number {
    const sum = (this.#a + this.#b + this.#count++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 to `count` - 1; 0 if there is nothing to choose from. */
  below(count: number): number {
    return count <= 1 ? 0 : Math.floor((this.word() / 2 ** 32) * count);
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(1000) < percent * 10;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A number that readers stumble over, for a field of `bits` bits that held `was`. */
  lie(was: number, bits: number): number {
    const max = 2 ** bits - 1;
    switch (this.below(8)) {
      case 0:
        return was + 1 > max ? 0 : was + 1;
      case 1:
        return was > 0 ? was - 1 : max;
      case 2:
        return 0;
      case 3:
        return max;
      case 4:
        return Math.min(max, was * 2);
      case 5:
        return was >> 1;
      case 6:
        return Math.min(max, 2 ** this.below(bits));
      default:
        return this.word() % (max + 1);
    }
  }
}
