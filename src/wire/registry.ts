// Every number that the RFCs and IANA assign and that this code names, and the private ones of MOVING §2.
// Plain objects, so that a number read from the wire needs no conversion.

/** RFC 7401 §5.3. */
export const PacketType = {
  /** The Initiator asks. RFC 7401 §5.3.1. */
  I1: 1,
  /** The Responder's puzzle, key and offers. RFC 7401 §5.3.2. */
  R1: 2,
  /** The Initiator's solution, key and choices. RFC 7401 §5.3.3. */
  I2: 3,
  /** The Responder's answer. RFC 7401 §5.3.4. */
  R2: 4,
  /** A change, or the ACK of one. RFC 7401 §5.3.5. */
  UPDATE: 16,
  /** Errors and status. RFC 7401 §5.3.6. */
  NOTIFY: 17,
  /** Ends an association. RFC 7401 §5.3.7. */
  CLOSE: 18,
  /** Answers a CLOSE. RFC 7401 §5.3.8. */
  CLOSE_ACK: 19,
} as const

/**
 * Parameter types: RFC 7401 §5.2, RFC 7402 §5.1, RFC 8046 §4, RFC 8002 §2, RFC 8003 §4, RFC 8004 §4.2, RFC 9028 §5; those
 * above 32767 and below 49152 are MOVING §2's.
 */
export const Parameter = {
  /** KEYMAT index and SPIs. RFC 7402 §5.1.1. */
  ESP_INFO: 65,
  /** Generation of puzzles. RFC 7401 §5.2.3. */
  R1_COUNTER: 129,
  /** Addresses of the sender. RFC 8046 §4. */
  LOCATOR_SET: 193,
  /** In an R1. RFC 7401 §5.2.4. */
  PUZZLE: 257,
  /** In an I2. RFC 7401 §5.2.5. */
  SOLUTION: 321,
  /** The sender's Update ID. RFC 7401 §5.2.16. */
  SEQ: 385,
  /** The peer's Update IDs. RFC 7401 §5.2.17. */
  ACK: 449,
  /** Groups, best first. RFC 7401 §5.2.6. */
  DH_GROUP_LIST: 511,
  /** A public value. RFC 7401 §5.2.7. */
  DIFFIE_HELLMAN: 513,
  /** Ciphers of ENCRYPTED, best first. RFC 7401 §5.2.8. */
  HIP_CIPHER: 579,
  /** Modes, best first. RFC 9028 §5.4. */
  NAT_TRAVERSAL_MODE: 608,
  /** Time between connectivity checks. RFC 9028 §5.5. */
  TRANSACTION_PACING: 610,
  /** Parameters that are encrypted. RFC 7401 §5.2.18. */
  ENCRYPTED: 641,
  /** A public key, perhaps with a name. RFC 7401 §5.2.9. */
  HOST_ID: 705,
  /** HIT suites, best first. RFC 7401 §5.2.10. */
  HIT_SUITE_LIST: 715,
  /** One certificate of a group. RFC 8002 §2. */
  CERT: 768,
  /** One error or status. RFC 7401 §5.2.19. */
  NOTIFICATION: 832,
  /** To be sent back under the signature. RFC 7401 §5.2.20. */
  ECHO_REQUEST_SIGNED: 897,
  /** What a registrar offers. RFC 8003 §4.2. */
  REG_INFO: 930,
  /** What is asked of it. RFC 8003 §4.3. */
  REG_REQUEST: 932,
  /** What it grants. RFC 8003 §4.4. */
  REG_RESPONSE: 934,
  /** What it refuses. RFC 8003 §4.5. */
  REG_FAILED: 936,
  /** From where a relay has a registration. RFC 9028 §5.6. */
  REG_FROM: 950,
  /** Sent back under the signature. RFC 7401 §5.2.22. */
  ECHO_RESPONSE_SIGNED: 961,
  /** What carries data, best first. RFC 7401 §5.2.11. */
  TRANSPORT_FORMAT_LIST: 2049,
  /** ESP suites, best first. RFC 7402 §5.1.2. */
  ESP_TRANSFORM: 4095,
  /** What a data relay has set aside. RFC 9028 §5.12. */
  RELAYED_ADDRESS: 4650,
  /** From where a connectivity check came. RFC 9028 §5.12. */
  MAPPED_ADDRESS: 4660,
  /** Whom a data relay is to let through. RFC 9028 §5.13. */
  PEER_PERMISSION: 4680,
  /** Of the candidate that is checked. RFC 9028 §5.14. */
  CANDIDATE_PRIORITY: 4700,
  /** This pair of candidates is chosen. RFC 9028 §5.15. */
  NOMINATE: 4710,
  /** The starts of both ends. MOVING §2. */
  EPOCH: 39170,
  /** An inbound SPI that is kept free. MOVING §2. */
  RESERVE_SPI: 39174,
  /** The last number sealed on each outbound SA. MOVING §2. */
  FINALS: 39178,
  /** Zeros that make a packet long. MOVING §2. */
  PADDING: 39182,
  /** The key of a start, and its signature. MOVING §2. */
  INSTANCE: 39186,
  /** Of I2, UPDATE, CLOSE and CLOSE_ACK. RFC 7401 §5.2.12. */
  HIP_MAC: 61505,
  /** Of R2. RFC 7401 §5.2.13. */
  HIP_MAC_2: 61569,
  /** Of R1. RFC 7401 §5.2.15. */
  HIP_SIGNATURE_2: 61633,
  /** Of all others that are signed. RFC 7401 §5.2.14. */
  HIP_SIGNATURE: 61697,
  /** Sent back after the signature. RFC 7401 §5.2.23. */
  ECHO_RESPONSE_UNSIGNED: 63425,
  /** To be sent back after the signature. RFC 7401 §5.2.21. */
  ECHO_REQUEST_UNSIGNED: 63661,
  /** From where a relay had the packet. RFC 9028 §5.6. */
  RELAY_FROM: 63998,
  /** Where a relay is to send the packet. RFC 9028 §5.6. */
  RELAY_TO: 64002,
  /** From where a rendezvous server had the packet. RFC 8004 §4.2.2. */
  FROM: 65498,
  /** The rendezvous server's MAC. RFC 8004 §4.2.1. */
  RVS_HMAC: 65500,
  /** Rendezvous servers on the way of the I1. RFC 8004 §4.2.3. */
  VIA_RVS: 65502,
  /** The relay's MAC. RFC 9028 §5.8. */
  RELAY_HMAC: 65520,
} as const

/**
 * Notify Message Types: RFC 7401 §5.2.19, RFC 7402 §5.1.3, RFC 8046 §5.3, RFC 8002 §5, RFC 8003 §5, RFC 9028 §5.10; 70, 90
 * and 100 are of RFC 6079, RFC 6028 and RFC 6261; the last two are MOVING §6's.
 */
export const Notification = {
  /** An odd type is not known; the data is the type. */
  UNSUPPORTED_CRITICAL_PARAMETER_TYPE: 1,
  /** Misshapen in a way that nothing below names. */
  INVALID_SYNTAX: 7,
  /** No group in common. */
  NO_DH_PROPOSAL_CHOSEN: 14,
  /** A group that was not offered. */
  INVALID_DH_CHOSEN: 15,
  /** No HIT suite or cipher in common. */
  NO_HIP_PROPOSAL_CHOSEN: 16,
  /** A cipher that was not offered. */
  INVALID_HIP_CIPHER_CHOSEN: 17,
  /** No ESP suite in common. */
  NO_ESP_PROPOSAL_CHOSEN: 18,
  /** An ESP suite that was not offered. */
  INVALID_ESP_TRANSFORM_CHOSEN: 19,
  /** The HIT is of a suite that is not known. */
  UNSUPPORTED_HIT_SUITE: 20,
  /** The signature is wrong. */
  AUTHENTICATION_FAILED: 24,
  /** The checksum is wrong. */
  CHECKSUM_FAILED: 26,
  /** The MAC is wrong. */
  HIP_MAC_FAILED: 28,
  /** ENCRYPTED did not open. */
  ENCRYPTION_FAILED: 32,
  /** The HIT is not that of the key. */
  INVALID_HIT: 40,
  /** Not wanted here. */
  BLOCKED_BY_POLICY: 42,
  /** Too much to do; a new puzzle may be asked for. */
  RESPONDER_BUSY_PLEASE_RETRY: 44,
  /** The data is the locators that are of no use here. */
  LOCATOR_TYPE_UNSUPPORTED: 46,
  /** A certificate is missing. */
  CREDENTIALS_REQUIRED: 48,
  /** A certificate is wrong; the data is its group and number. */
  INVALID_CERTIFICATE: 50,
  /** Only who registers is associated with. */
  REG_REQUIRED: 51,
  /** No NAT traversal mode, or one that was not offered. */
  NO_VALID_NAT_TRAVERSAL_MODE_PARAMETER: 60,
  /** No pair of candidates works. */
  CONNECTIVITY_CHECKS_FAILED: 61,
  /** A relay has not passed a packet on. */
  MESSAGE_NOT_RELAYED: 62,
  /** A data relay has no address to give. */
  SERVER_REFLEXIVE_CANDIDATE_ALLOCATION_FAILED: 63,
  /** A relay has used RVS_HMAC in place of RELAY_HMAC. */
  RVS_HMAC_PROHIBITED_WITH_RELAY: 64,
  /** Too many hops in an overlay. RFC 6079. */
  OVERLAY_TTL_EXCEEDED: 70,
  /** A hop on the route is not known. RFC 6028. */
  UNKNOWN_NEXT_HOP: 90,
  /** No transport mode in common. RFC 6261. */
  NO_VALID_HIP_TRANSPORT_MODE: 100,
  /** The I2 has come and waits its turn. */
  I2_ACKNOWLEDGEMENT: 16384,
  /** Keeps a mapping open. RFC 9028 §5.3. */
  NAT_KEEPALIVE: 16385,
  /** A later start has taken over; the data is its receipt. MOVING §6. */
  SUPERSEDED: 40962,
  /** The associations are gone; the data is the hash of the packet refused. MOVING §6. */
  RESUME_REFUSED: 40964,
} as const

/** Bits of the header's Controls field, RFC 7401 §5.1.2. */
export const Control = {
  /** The sender's key is listed in no directory. */ ANONYMOUS: 1,
} as const

/** HIT suites, RFC 7401 §5.2.10 and RFC 9374 §3.4.2. */
export const HitSuite = {
  /** RSA or DSA, SHA-256. */ RSA_SHA256: 1,
  /** ECDSA, SHA-384. */ ECDSA_SHA384: 2,
  /** ECDSA with short keys, SHA-1. */ ECDSA_LOW_SHA1: 3,
  /** EdDSA, cSHAKE128. */ EDDSA_CSHAKE128: 5,
} as const

/** Host Identity algorithms, RFC 7401 §5.2.9 and RFC 9374 §3.4.1. */
export const HiAlgorithm = {
  /** No key. */ NULL: 1,
  /** FIPS 186-4. */ DSA: 3,
  /** RFC 3110. */ RSA: 5,
  /** P-256 or P-384. */ ECDSA: 7,
  /** secp160r1. */ ECDSA_LOW: 9,
  /** RFC 8032. */ EDDSA: 13,
} as const

/** Curve labels of ECDSA inside HOST_ID, RFC 7401 §5.2.9. */
export const EcdsaCurve = {
  /** NIST P-256. */ P256: 1,
  /** NIST P-384. */ P384: 2,
} as const
/** Curve labels of EdDSA inside HOST_ID, RFC 9374 §3.4.1.1. */
export const EddsaCurve = {
  /** Of 32 bytes. */ ED25519: 1,
  /** Of 32 bytes, hashed first. */ ED25519PH: 2,
  /** Of 57 bytes. */ ED448: 3,
  /** Of 57 bytes, hashed first. */ ED448PH: 4,
} as const

/** Diffie–Hellman groups, RFC 7401 §5.2.7. */
export const DhGroup = {
  /** RFC 3526 §2. */ MODP_1536: 3,
  /** RFC 3526 §4. */ MODP_3072: 4,
  /** NIST P-256. */ P256: 7,
  /** NIST P-384. */ P384: 8,
  /** NIST P-521. */ P521: 9,
  /** secp160r1. */ SECP160R1: 10,
  /** RFC 3526 §3. */ MODP_2048: 11,
} as const

/** HIP ciphers, RFC 7401 §5.2.8. */
export const HipCipher = {
  /** Not encrypted. */ NULL: 1,
  /** RFC 3602. */ AES_128_CBC: 2,
  /** RFC 3602. */ AES_256_CBC: 4,
} as const

/** Types of the domain identifier in HOST_ID, RFC 7401 §5.2.9. */
export const DomainType = {
  /** No identifier. */ NONE: 0,
  /** A domain name. */ FQDN: 1,
  /** A network access identifier. */ NAI: 2,
} as const

/** ESP transform suites, RFC 7402 §5.1.2. */
export const EspSuite = {
  /** AES-128-CBC, HMAC-SHA-1. */
  AES_128_CBC_HMAC_SHA1: 1,
  /** Not encrypted, HMAC-SHA-256. */
  NULL_HMAC_SHA256: 7,
  /** AES-128-CBC, HMAC-SHA-256. */
  AES_128_CBC_HMAC_SHA256: 8,
  /** AES-256-CBC, HMAC-SHA-256. */
  AES_256_CBC_HMAC_SHA256: 9,
  /** AES-CCM, ICV of 8 bytes. */
  AES_CCM_8: 10,
  /** AES-CCM, ICV of 16 bytes. */
  AES_CCM_16: 11,
  /** AES-GCM, ICV of 8 bytes. */
  AES_GCM_8: 12,
  /** AES-GCM, ICV of 16 bytes. */
  AES_GCM_16: 13,
  /** Not encrypted, AES-CMAC of 12 bytes. */
  AES_CMAC_96: 14,
  /** Not encrypted, AES-GMAC. */
  AES_GMAC: 15,
} as const

/** Values of TRANSPORT_FORMAT_LIST: the type number of the transform parameter, RFC 7401 §5.2.11. */
export const TransportFormat = {
  /** RFC 7402. */ ESP: 4095,
} as const

/** What a locator is for, RFC 8046 §4.1. */
export const TrafficType = {
  /** Signalling and data. */ BOTH: 0,
  /** HIP packets only. */ SIGNALLING: 1,
  /** ESP only. */ DATA: 2,
} as const
/** What a locator is, RFC 8046 §4.2 and RFC 9028 §5.7. */
export const LocatorType = {
  /** Of 16 bytes. */ ADDRESS: 0,
  /** Of 20 bytes. */ SPI_AND_ADDRESS: 1,
  /** Of 28 bytes, with a port. */ TRANSPORT_ADDRESS: 2,
} as const

/** How a candidate address was learnt, RFC 9028 §5.7. */
export const CandidateKind = {
  /** Of an interface. */ HOST: 0,
  /** As a server sees it. */ SERVER_REFLEXIVE: 1,
  /** As the peer sees it. */ PEER_REFLEXIVE: 2,
  /** Of a relay. */ RELAYED: 3,
} as const

/** NAT traversal modes, RFC 9028 §5.4 and RFC 5770 §5.4. */
export const NatMode = {
  /** UDP alone, without checks. */ UDP_ENCAPSULATION: 1,
  /** RFC 5770. */ ICE_STUN_UDP: 2,
  /** RFC 9028. */ ICE_HIP_UDP: 3,
} as const

/** Registration types, RFC 8004 §4.1 and RFC 9028 §5.9; 201 to 255 are private. */
export const RegistrationType = {
  /** RFC 8004. */ RENDEZVOUS: 1,
  /** Relay of HIP packets. */ RELAY_UDP_HIP: 2,
  /** Relay of ESP. */ RELAY_UDP_ESP: 3,
  /** Says from where a client is seen. */ CANDIDATE_DISCOVERY: 4,
} as const

/** Why a registration failed, RFC 8003 §4.5 and RFC 9028 §4.1; 201 to 255 are private. */
export const RegistrationFailure = {
  /** More credentials are needed. */
  CREDENTIALS_REQUIRED: 0,
  /** The service is not there. */
  TYPE_UNAVAILABLE: 1,
  /** No room at present. */
  INSUFFICIENT_RESOURCES: 2,
  /** The certificate could not be checked. */
  INVALID_CERTIFICATE: 3,
  /** The certificate is damaged, or its signature wrong. */
  BAD_CERTIFICATE: 4,
  /** A certificate of a type that is not taken. */
  UNSUPPORTED_CERTIFICATE: 5,
  /** The certificate's time is over. */
  CERTIFICATE_EXPIRED: 6,
  /** The certificate is not accepted for another reason. */
  CERTIFICATE_OTHER: 7,
  /** The certificate's issuer is not known. */
  UNKNOWN_CA: 8,
  /** A rendezvous and a relay were asked for at once. */
  RVS_AND_RELAY_PROHIBITED: 9,
} as const

/** Certificate types, RFC 8002 §2; the even ones are obsolete. */
export const CertificateType = {
  /** X.509 v3. */ X509: 1,
  /** A hash and where the certificate is. */ HASH_AND_URL: 3,
  /** Where the certificate is, by LDAP. */ LDAP_URL: 5,
  /** Whose certificate it is. */ DISTINGUISHED_NAME: 7,
} as const

/**
 * Next headers inside ESP: IANA protocol numbers. NONE marks a dummy packet (RFC 4303 §2.6). TRANSPORT is ours, of those that
 * RFC 3692 leaves to experiments: frames of streams (frame.ts).
 */
export const NextHeader = {
  /** Inner UDP. */ UDP: 17,
  /** An echo. */ ICMPV6: 58,
  /** A dummy. */ NONE: 59,
  /** Frames of streams. */ TRANSPORT: 253,
} as const

/** The UDP port of HIP, RFC 9028 §5.1. */
export const HIP_PORT = 10500
