//! What is taken from outside, and how much of it.

use std::time::Duration;

/// A question is longer only when something is wrong with it: a name has 255 bytes, options some hundred.
pub const QUESTION_BYTES_MAX: usize = 4096;
/// What is sent over UDP at most, whatever the asker allows.
pub const UDP_BYTES_MAX: u16 = 4096;
/// What is asked of an upstream over UDP, so that nothing is cut into fragments (RFC 9715).
pub const UPSTREAM_BYTES: u16 = 1232;
/// What every asker can take without EDNS (RFC 1035, 4.2.1).
pub const UDP_BYTES_MIN: u16 = 512;
/// Records of one answer.
pub const RECORDS_MAX: usize = 2048;
/// Aliases that are followed from one name.
pub const ALIASES_MAX: usize = 16;
/// Different questions that wait for an upstream at the same time.
pub const FLIGHTS_MAX: usize = 256;
/// Askers that wait at the same time; the same question is asked once for all of them.
pub const WAITING_MAX: usize = 1024;
/// Connections over TCP.
pub const CONNECTIONS_MAX: usize = 64;
/// Questions of one connection that wait for an upstream at the same time (RFC 7766, 6.2.1.1).
pub const PIPELINED_MAX: usize = 16;
/// A connection on which nothing moves is closed after this (RFC 7766, 6.2.3).
pub const IDLE: Duration = Duration::from_secs(10);
/// How long an upstream may take over a question in all: programs ask again after five seconds.
pub const UPSTREAM_TIME_MAX: Duration = Duration::from_millis(4_500);
/// Servers of an upstream that are asked.
pub const SERVERS_MAX: usize = 8;
/// How long what is answered here may be kept by who asked: a policy changes at once.
pub const TTL_OWN: u32 = 10;
/// How long any answer may be kept by who asked, in seconds: programs that keep names must hear of a policy soon.
pub const TTL_TOLD_MAX: u32 = 60;
/// How long an answer is kept here at most.
pub const TTL_MAX: u32 = 86_400;
/// How long it is kept that something does not exist (RFC 2308, 5, allows hours; a name may come with the next lesson).
pub const TTL_NEGATIVE_MAX: u32 = 900;
/// How long it is kept that an upstream has no answer (RFC 9520 asks for a second at least).
pub const TTL_FAILURE: u32 = 2;
