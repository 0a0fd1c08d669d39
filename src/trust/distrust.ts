/**
 * What Mozilla knows about its roots and a list of certificates cannot say: Node carries the roots
 * alone.
 *
 * Some are distrusted for what they issue from a date on. A leaf whose notBefore is later has no path to such a root.
 *
 * Source: NSS, lib/ckfw/builtins/certdata.txt, CKA_NSS_SERVER_DISTRUST_AFTER. All but Izenpe from
 * version 2.74 (as Debian packages it, ca-certificates 20250419) and gone from the roots of Node
 * 24.21, from which another Node may differ; Izenpe from Mozilla's announcement of its root store changes
 * of April 2026 (bug 2017317 of its Bugzilla), with the time of day that other readers of NSS 3.123.1
 * found. To be compared again whenever Node is updated.
 */

/** When distrust of this root (SHA-256, hex) begins, in microseconds since 1970. */
export function distrustAfterUs(sha256: string): number | undefined {
  const date = DISTRUST_AFTER[sha256];
  return date === undefined ? undefined : Date.parse(date) * 1000;
}

/** Domains, with what is below them, that this root may issue for; absent when for all. */
export function imposedDomains(sha256: string): readonly string[] | undefined {
  return IMPOSED_DOMAINS[sha256];
}

/**
 * Constraints that NSS imposes in code, lib/certdb/genname.c, builtInNameConstraints. Some versions of
 * that file allow all of `.tr`; the narrower list is what Mozilla's CA report has.
 */
const IMPOSED_DOMAINS: Readonly<Record<string, readonly string[]>> = {
  // TUBITAK Kamu SM SSL Kok Sertifikasi - Surum 1
  "46edc3689046d53a453fb3104ab80dcaec658b2660ea1629dd7e867990648716": [
    "gov.tr",
    "k12.tr",
    "pol.tr",
    "mil.tr",
    "tsk.tr",
    "kep.tr",
    "bel.tr",
    "edu.tr",
    "org.tr",
  ],
};

const ENTRUST = "2024-11-30T23:59:59Z";

const DISTRUST_AFTER: Readonly<Record<string, string>> = {
  // Izenpe.com
  "2530cc8e98321502bad96f9b1fba1b099e2d299e0f4548bb914f363bc0d4531f": "2026-04-15T23:59:59Z",
  // GLOBALTRUST 2020
  "9a296a5182d1d451a2e37f439b74daafa267523329f90f9a0d2007c334e23c9a": "2024-06-30T00:00:00Z",
  // Entrust and AffirmTrust, by their labels in certdata.txt
  "6dc47172e01cbcb0bf62580d895fe2b8ac9ad4f873801e0c10b9c837d21eb177": ENTRUST, // Premium 2048
  "73c176434f1bc6d5adf45b0e76e727287c8de57616c1e6e6141a2b2cbc7d8e4c": ENTRUST, // Root
  "43df5774b03e7fef5fe40d931a7bedf1bb2e6b42738c4e6d3841103d3aa7f339": ENTRUST, // Root G2
  "02ed0eb28c14da45165c566791700d6451d7fb56f0b2ab1d3b8eb070e56edff5": ENTRUST, // Root EC1
  "0376ab1d54c5f9803ce4b2e201a0ee7eef7b57b636e8a93c9b8d4860c96f5fa7": ENTRUST, // Commercial
  "0a81ec5a929777f145904af38d5d509f66b5e2c58fcdb531058b0e17f3f0b41b": ENTRUST, // Networking
  "70a73f7f376b60074248904534b11482d5bf0e698ecc498df52577ebf2e93b9a": ENTRUST, // Premium
  bd71fdf6da97e4cf62d1647add2581b07d79adf8397eb4ecba9c5e8488821423: ENTRUST, // Premium ECC
};
