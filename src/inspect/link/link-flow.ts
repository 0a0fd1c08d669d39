/**
 * One UDP flow that may carry encrypted packets: IKE, ESP in UDP, WireGuard or OpenVPN.
 *
 * One datagram may fit by chance, so a flow is named only after two that fit each other, however many came
 * before; IKE's header alone is strong enough.
 *
 *     WireGuard   a response, or data, to an index that the other side gave itself; else twice the same
 *                 receiver, the counter growing; else a second initiation, if nobody answers
 *     OpenVPN     a reset from each side, the second one quoting the first one's session; where that is
 *                 encrypted (tls-crypt), of about the same time
 *     ESP         behind IKE's messages, or with port 4500: twice the same SPI, the sequence growing
 *
 * Ports decide nothing but this: ESP in UDP has no mark of its own, so without its exchange it is believed
 * on 4500 only (RFC 3948 §2).
 */
import type { Side } from "../../flow/event.ts";
import { ike } from "./ike.ts";
import { esp } from "./ipsec.ts";
import {
  bigEndian32,
  type LinkEncryption,
  littleEndian32,
  type Packet,
} from "./link-encryption.ts";
import { openvpn, quotes, sessionOf, timeOf } from "./openvpn.ts";
import { wireguard } from "./wireguard.ts";

export class LinkFlow {
  readonly #natTraversal: boolean;
  #by: LinkEncryption["by"] | undefined;
  #sawIke = false;
  /** By side: what its last message of each kind was known by. */
  readonly #sides = [new Seen(), new Seen()] as const;

  /** @param ports of both ends */
  constructor(ports: readonly [number, number]) {
    this.#natTraversal = ports.includes(NAT_TRAVERSAL_PORT);
  }

  /** What the flow carries, once that is sure. It does not change any more. */
  get by(): LinkEncryption["by"] | undefined {
    return this.#by;
  }

  /** @returns what the datagram is, once the flow is known and if it fits */
  push(side: Side, packet: Packet): LinkEncryption | undefined {
    if (packet.to <= packet.from) return undefined;
    const exchange = ike(packet);
    if (exchange !== undefined && (this.#by ?? "ipsec") === "ipsec") {
      this.#sawIke = true;
      this.#by = "ipsec";
      return exchange;
    }
    return this.#wireguard(side, packet) ?? this.#openvpn(side, packet) ?? this.#esp(side, packet);
  }

  #wireguard(side: Side, packet: Packet): LinkEncryption | undefined {
    const said = this.#mayBe("wireguard") ? wireguard(packet) : undefined;
    if (said === undefined) return undefined;
    const { bytes, from } = packet;
    const [own, other] = [this.#sides[side], this.#sides[1 - side]!];
    const counter = said.carries === "payload" ? littleEndian32(bytes, from + 8) : -1;
    const answered = said.message !== "handshake-initiation" && said.index === other.sender;
    const goesOn = counter > own.counter && said.index === own.receiver;
    const again = said.message === "handshake-initiation" && own.sender !== undefined;
    if (said.message === "handshake-initiation") own.sender = said.index;
    if (said.message === "handshake-response") own.sender = littleEndian32(bytes, from + 4);
    if (said.carries === "payload") {
      own.receiver = said.index;
      own.counter = counter;
    }
    if (answered || goesOn || again) this.#by = "wireguard";
    return this.#by && said;
  }

  #openvpn(side: Side, packet: Packet): LinkEncryption | undefined {
    const said = this.#mayBe("openvpn") ? openvpn(packet) : undefined;
    if (said === undefined || !said.message.startsWith("hard-reset")) return this.#by && said;
    const [own, other] = [this.#sides[side], this.#sides[1 - side]!];
    own.session = sessionOf(packet);
    own.time = timeOf(packet);
    own.reset = said.message;
    if (other.reset === undefined || other.session === undefined) return this.#by && said;
    const answers = (other.reset === SERVER_RESET) !== (own.reset === SERVER_RESET);
    // Where the acknowledgement is encrypted, the clocks of both ends stand in clear.
    const agree = Math.abs((own.time ?? 0) - (other.time ?? Infinity)) <= CLOCKS_APART_SECONDS_MAX;
    if (answers && (agree || quotes(packet, other.session))) this.#by = "openvpn";
    return this.#by && said;
  }

  #esp(side: Side, packet: Packet): LinkEncryption | undefined {
    if (!this.#mayBe("ipsec") || !(this.#sawIke || this.#natTraversal)) return undefined;
    const said = esp(packet);
    if (said === undefined) return undefined;
    const own = this.#sides[side];
    const sequence = bigEndian32(packet.bytes, packet.from + 4);
    const grown = sequence - own.sequence;
    if (said.index === own.spi && grown > 0 && grown <= SEQUENCE_STEP_MAX) this.#by = "ipsec";
    own.spi = said.index;
    own.sequence = sequence;
    return this.#by && said;
  }

  #mayBe(by: LinkEncryption["by"]): boolean {
    return this.#by === undefined || this.#by === by;
  }
}

/** What one side was last known by. */
class Seen {
  sender: number | undefined;
  receiver: number | undefined;
  counter = -1;
  session: number | undefined;
  time: number | undefined;
  reset: string | undefined;
  spi: number | undefined;
  sequence = 0;
}

/** RFC 3948 §2.1: IKE and ESP behind address translation. */
const NAT_TRAVERSAL_PORT = 4500;
/** More in one step than a capture loses; a random sequence rarely lands within. */
const SEQUENCE_STEP_MAX = 4_096;
const SERVER_RESET = "hard-reset-server-v2";
/** Both ends keep time, and certificates need it to be about right. */
const CLOCKS_APART_SECONDS_MAX = 600;
