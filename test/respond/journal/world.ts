/**
 * A workload, its fence in the kernel, and a journal on a simulated disk, through starts and ends of
 * the process that watches it; and the promises that were made meanwhile, which must hold.
 */
import { Journal } from "../../../src/respond/journal/journal.ts";
import type { Outcome } from "../../../src/respond/outcome.ts";
import { Sequencer } from "../../../src/respond/sequencer.ts";
import type { Random } from "../../fuzz/random.ts";
import type { Plan, SimulatedDisk } from "./simulated-disk.ts";

export type Deed = { readonly cut: string } | "release";

export class World {
  readonly disk: SimulatedDisk;
  /** The kernel's: a process that dies leaves it, a machine that stops does not. */
  fence: "open" | "cut" = "open";
  /** Epochs: of the newest cut that was asked for, and of the newest that was said to be durable. */
  wanted = 0;
  durable = 0;
  /** Of the newest release that was asked for, and of the newest that was answered "released". */
  asked = 0;
  released = 0;
  /** For which reason each cut was said to be durable, by its epoch. */
  reasons = new Map<number, string>();
  readonly #random: Random;

  constructor(disk: SimulatedDisk, random: Random) {
    this.disk = disk;
    this.#random = random;
  }

  /** The same world once more, to go on otherwise. */
  copy(random: Random): World {
    const world = new World(this.disk.copy(random), random);
    const { fence, wanted, durable, asked, released } = this;
    const reasons = new Map(this.reasons);
    return Object.assign(world, { fence, wanted, durable, asked, released, reasons });
  }

  /** One life of the process: it starts, does its deeds, and ends with them or where the disk stops. */
  async live(plan: Plan, deeds: readonly Deed[] = []): Promise<Life> {
    this.disk.start(plan);
    const life: Life = { hasEnded: false };
    const work = this.#live(life, deeds).then(() => {
      life.hasEnded = true;
    });
    await Promise.race([work, this.disk.stopped.promise]);
    return life;
  }

  /** The end of a life: its process is killed, or its machine loses power and the fence with it. */
  end(how: "kill" | "power" = this.#random.chance(50) ? "kill" : "power"): void {
    if (how === "kill") return this.disk.killProcess();
    this.disk.losePower();
    this.fence = "open";
    // A cut that was never said to be durable may be gone with the namespace that it cut.
    if (this.durable < this.wanted) this.wanted = Math.min(this.wanted, this.durable);
  }

  /** Throws where a promise is broken. Behind a whole start, when all is written. */
  check({ journal, sequencer }: Life): void {
    if (journal === undefined || sequencer === undefined) throw new Error("it did not start");
    const { cut } = sequencer.situation;
    const recorded = journal.state.cut;
    const found = `cut ${cut?.epoch}, recorded ${recorded?.epoch}, fence ${this.fence}`;
    const promised = `wanted ${this.wanted}, durable ${this.durable}, release asked ${this.asked}, released ${this.released}`;
    const broken = (what: string) => new Error(`${what}: ${found}; ${promised}`);
    if ((cut === undefined) !== (this.fence === "open")) throw broken("the fence is another");
    if (cut?.epoch !== recorded?.epoch) throw broken("the journal says another");
    if (this.wanted > this.asked) {
      if (cut === undefined) throw broken("a cut is lost");
      if (cut.epoch < this.durable) throw broken("a newer cut is lost");
      if (cut.epoch === this.durable && cut.because !== this.reasons.get(cut.epoch)) {
        throw broken(`recorded for another reason (${cut.because})`);
      }
    }
    if (this.released > 0 && this.released >= this.wanted && this.released >= this.asked) {
      if (cut !== undefined && cut.epoch <= this.released) throw broken("a release is lost");
    }
  }

  /** And whatever is cut can be released, for good. */
  async checkRelease(life: Life): Promise<void> {
    const { sequencer, journal } = life;
    const epoch = sequencer?.situation.cut?.epoch;
    if (sequencer === undefined || epoch === undefined) return;
    const answer = await sequencer.release({ epoch, by: "root", because: "seen", atUs: 9 });
    await journal?.settled();
    if (answer.status !== "released" || this.fence !== "open") {
      throw new Error(`release of cut ${epoch}: ${answer.status}, ${answer.detail}`);
    }
    this.asked = this.released = epoch;
    this.wanted = this.durable = Math.min(this.wanted, epoch);
    this.end("power");
    const next = await this.live(UNDISTURBED);
    this.check(next);
    if (next.sequencer?.situation.cut !== undefined) throw new Error("a release was undone");
  }

  async #live(life: Life, deeds: readonly Deed[]): Promise<void> {
    const journal = await Journal.open(this.disk, {
      instance: "test",
      slotsPerSegment: 4,
      segmentsKept: 2,
      wait: async () => {},
    });
    const sequencer = new Sequencer(this.#ends(journal), "test");
    sequencer.start(journal.state, this.fence, 1);
    await journal.settled();
    Object.assign(life, { journal, sequencer });
    // Whoever asks is now told that it is recorded, so it is to stay so.
    const { cut } = journal.state;
    if (cut !== undefined) {
      this.durable = Math.max(this.durable, cut.epoch);
      this.wanted = Math.max(this.wanted, cut.epoch);
      this.reasons.set(cut.epoch, cut.because);
    }
    for (const deed of deeds) await this.#do(deed, sequencer, journal);
  }

  async #do(deed: Deed, sequencer: Sequencer, journal: Journal): Promise<void> {
    if (deed === "release") {
      const { epoch } = sequencer.situation;
      this.asked = epoch;
      const answer = sequencer.release({ epoch, by: "root", because: "seen", atUs: 3 });
      if ((await answer).status === "released") this.released = epoch;
    } else {
      this.wanted = sequencer.situation.epoch + 1;
      const because = { atUs: 2, rule: "A15", by: "", because: deed.cut, policySha256: "" };
      sequencer.cut(because);
    }
    await journal.settled();
  }

  #ends(journal: Journal): ConstructorParameters<typeof Sequencer>[0] {
    const done: Outcome = { rung: "fence", status: "done", verified: true, detail: "" };
    const isLiving = () => !this.disk.isStopped;
    return {
      fence: () => {
        this.fence = "cut";
        return done;
      },
      open: () => {
        this.fence = "open";
        return done;
      },
      append: (record, told) => journal.append(record, told),
      tell: ({ epoch, durable, because }) => {
        if (!durable || !isLiving()) return;
        this.durable = Math.max(this.durable, epoch);
        this.reasons.set(epoch, because);
      },
      keep: () => {},
      wait: () => {},
      fault: (where, error) => {
        throw new Error(`fault in ${where}`, { cause: error });
      },
    };
  }
}

export interface Life {
  hasEnded: boolean;
  journal?: Journal;
  sequencer?: Sequencer;
}

export const UNDISTURBED: Plan = { at: new Map() };
