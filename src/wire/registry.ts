// Every number that the RFCs and IANA assign and that this code names, and the private ones of MOVING §2.
// Plain objects, so that a number read from the wire needs no conversion.

/** RFC 7401 §5.3. */
export const PacketType = {
  I1: 1,
  R1: 2,
  I2: 3,
  R2: 4,
  UPDATE: 16,
  NOTIFY: 17,
  CLOSE: 18,
  CLOSE_ACK: 19,
} as const

/**
 * Parameter types: RFC 7401 §5.2, RFC 7402 §5.1, RFC 8046 §4, RFC 8002 §2, RFC 8003 §4, RFC 8004 §4.2, RFC 9028 §5; those
 * above 32767 and below 49152 are MOVING §2's.
 */
export const Parameter = {
  ESP_INFO: 65,
  R1_COUNTER: 129,
  LOCATOR_SET: 193,
  PUZZLE: 257,
  SOLUTION: 321,
  SEQ: 385,
  ACK: 449,
  DH_GROUP_LIST: 511,
  DIFFIE_HELLMAN: 513,
  HIP_CIPHER: 579,
  NAT_TRAVERSAL_MODE: 608,
  TRANSACTION_PACING: 610,
  ENCRYPTED: 641,
  HOST_ID: 705,
  HIT_SUITE_LIST: 715,
  CERT: 768,
  NOTIFICATION: 832,
  ECHO_REQUEST_SIGNED: 897,
  REG_INFO: 930,
  REG_REQUEST: 932,
  REG_RESPONSE: 934,
  REG_FAILED: 936,
  REG_FROM: 950,
  ECHO_RESPONSE_SIGNED: 961,
  TRANSPORT_FORMAT_LIST: 2049,
  ESP_TRANSFORM: 4095,
  RELAYED_ADDRESS: 4650,
  MAPPED_ADDRESS: 4660,
  PEER_PERMISSION: 4680,
  CANDIDATE_PRIORITY: 4700,
  NOMINATE: 4710,
  EPOCH: 39170,
  RESERVE_SPI: 39174,
  FINALS: 39178,
  PADDING: 39182,
  INSTANCE: 39186,
  HIP_MAC: 61505,
  HIP_MAC_2: 61569,
  HIP_SIGNATURE_2: 61633,
  HIP_SIGNATURE: 61697,
  ECHO_RESPONSE_UNSIGNED: 63425,
  ECHO_REQUEST_UNSIGNED: 63661,
  RELAY_FROM: 63998,
  RELAY_TO: 64002,
  FROM: 65498,
  RVS_HMAC: 65500,
  VIA_RVS: 65502,
  RELAY_HMAC: 65520,
} as const

/**
 * Notify Message Types: RFC 7401 §5.2.19, RFC 7402 §5.1.3, RFC 8046 §5.3, RFC 8002 §5, RFC 8003 §5, RFC 9028 §5.10; 70, 90
 * and 100 are of RFC 6079, RFC 6028 and RFC 6261; the last two are MOVING §6's.
 */
export const Notification = {
  UNSUPPORTED_CRITICAL_PARAMETER_TYPE: 1,
  INVALID_SYNTAX: 7,
  NO_DH_PROPOSAL_CHOSEN: 14,
  INVALID_DH_CHOSEN: 15,
  NO_HIP_PROPOSAL_CHOSEN: 16,
  INVALID_HIP_CIPHER_CHOSEN: 17,
  NO_ESP_PROPOSAL_CHOSEN: 18,
  INVALID_ESP_TRANSFORM_CHOSEN: 19,
  UNSUPPORTED_HIT_SUITE: 20,
  AUTHENTICATION_FAILED: 24,
  CHECKSUM_FAILED: 26,
  HIP_MAC_FAILED: 28,
  ENCRYPTION_FAILED: 32,
  INVALID_HIT: 40,
  BLOCKED_BY_POLICY: 42,
  RESPONDER_BUSY_PLEASE_RETRY: 44,
  LOCATOR_TYPE_UNSUPPORTED: 46,
  CREDENTIALS_REQUIRED: 48,
  INVALID_CERTIFICATE: 50,
  REG_REQUIRED: 51,
  NO_VALID_NAT_TRAVERSAL_MODE_PARAMETER: 60,
  CONNECTIVITY_CHECKS_FAILED: 61,
  MESSAGE_NOT_RELAYED: 62,
  SERVER_REFLEXIVE_CANDIDATE_ALLOCATION_FAILED: 63,
  RVS_HMAC_PROHIBITED_WITH_RELAY: 64,
  OVERLAY_TTL_EXCEEDED: 70,
  UNKNOWN_NEXT_HOP: 90,
  NO_VALID_HIP_TRANSPORT_MODE: 100,
  I2_ACKNOWLEDGEMENT: 16384,
  NAT_KEEPALIVE: 16385,
  SUPERSEDED: 40962,
  RESUME_REFUSED: 40964,
} as const

/** Bits of the header's Controls field, RFC 7401 §5.1.2. */
export const Control = { ANONYMOUS: 1 } as const

/** HIT suites, RFC 7401 §5.2.10 and RFC 9374 §3.4.2. */
export const HitSuite = { RSA_SHA256: 1, ECDSA_SHA384: 2, ECDSA_LOW_SHA1: 3, EDDSA_CSHAKE128: 5 } as const

/** Host Identity algorithms, RFC 7401 §5.2.9 and RFC 9374 §3.4.1. */
export const HiAlgorithm = { NULL: 1, DSA: 3, RSA: 5, ECDSA: 7, ECDSA_LOW: 9, EDDSA: 13 } as const

/** Curve labels inside HOST_ID: of ECDSA (RFC 7401 §5.2.9) and of EdDSA (RFC 9374 §3.4.1.1). */
export const EcdsaCurve = { P256: 1, P384: 2 } as const
export const EddsaCurve = { ED25519: 1, ED25519PH: 2, ED448: 3, ED448PH: 4 } as const

/** Diffie–Hellman groups, RFC 7401 §5.2.7. */
export const DhGroup = { MODP_1536: 3, MODP_3072: 4, P256: 7, P384: 8, P521: 9, SECP160R1: 10, MODP_2048: 11 } as const

/** HIP ciphers, RFC 7401 §5.2.8. */
export const HipCipher = { NULL: 1, AES_128_CBC: 2, AES_256_CBC: 4 } as const

/** Types of the domain identifier in HOST_ID, RFC 7401 §5.2.9. */
export const DomainType = { NONE: 0, FQDN: 1, NAI: 2 } as const

/** ESP transform suites, RFC 7402 §5.1.2. */
export const EspSuite = {
  AES_128_CBC_HMAC_SHA1: 1,
  NULL_HMAC_SHA256: 7,
  AES_128_CBC_HMAC_SHA256: 8,
  AES_256_CBC_HMAC_SHA256: 9,
  AES_CCM_8: 10,
  AES_CCM_16: 11,
  AES_GCM_8: 12,
  AES_GCM_16: 13,
  AES_CMAC_96: 14,
  AES_GMAC: 15,
} as const

/** Values of TRANSPORT_FORMAT_LIST: the type number of the transform parameter, RFC 7401 §5.2.11. */
export const TransportFormat = { ESP: 4095 } as const

/** What a locator is for and what it is, RFC 8046 §4.1 and RFC 9028 §5.7. */
export const TrafficType = { BOTH: 0, SIGNALLING: 1, DATA: 2 } as const
export const LocatorType = { ADDRESS: 0, SPI_AND_ADDRESS: 1, TRANSPORT_ADDRESS: 2 } as const

/** How a candidate address was learnt, RFC 9028 §5.7. */
export const CandidateKind = { HOST: 0, SERVER_REFLEXIVE: 1, PEER_REFLEXIVE: 2, RELAYED: 3 } as const

/** NAT traversal modes, RFC 9028 §5.4 and RFC 5770 §5.4. */
export const NatMode = { UDP_ENCAPSULATION: 1, ICE_STUN_UDP: 2, ICE_HIP_UDP: 3 } as const

/** Registration types, RFC 8004 §4.1 and RFC 9028 §5.9; 201 to 255 are private. */
export const RegistrationType = { RENDEZVOUS: 1, RELAY_UDP_HIP: 2, RELAY_UDP_ESP: 3, CANDIDATE_DISCOVERY: 4 } as const

/** Why a registration failed, RFC 8003 §4.5 and RFC 9028 §4.1; 201 to 255 are private. */
export const RegistrationFailure = {
  CREDENTIALS_REQUIRED: 0,
  TYPE_UNAVAILABLE: 1,
  INSUFFICIENT_RESOURCES: 2,
  INVALID_CERTIFICATE: 3,
  BAD_CERTIFICATE: 4,
  UNSUPPORTED_CERTIFICATE: 5,
  CERTIFICATE_EXPIRED: 6,
  CERTIFICATE_OTHER: 7,
  UNKNOWN_CA: 8,
  RVS_AND_RELAY_PROHIBITED: 9,
} as const

/** Certificate types, RFC 8002 §2; the even ones are obsolete. */
export const CertificateType = { X509: 1, HASH_AND_URL: 3, LDAP_URL: 5, DISTINGUISHED_NAME: 7 } as const

/**
 * Next headers inside ESP: IANA protocol numbers. NONE marks a dummy packet (RFC 4303 §2.6). TRANSPORT is ours, of those that
 * RFC 3692 leaves to experiments: frames of streams (frame.ts).
 */
export const NextHeader = { UDP: 17, ICMPV6: 58, NONE: 59, TRANSPORT: 253 } as const

/** The UDP port of HIP, RFC 9028 §5.1. */
export const HIP_PORT = 10500
