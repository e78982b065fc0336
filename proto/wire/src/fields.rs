//! Messages read by their own description: shows what was sent field by field, whatever is added to the messages later.

use crate::DESCRIPTORS;
use crate::convert::ConvertError;
use prost::Message;
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use std::collections::BTreeMap;

/// Messages within messages, at most.
const DEPTH_MAX: usize = 16;

/// Every message and choice there is.
#[derive(Debug)]
pub struct Descriptions {
    messages: BTreeMap<String, DescriptorProto>,
    choices: BTreeMap<String, EnumDescriptorProto>,
}

/// A field that was in a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its whole name, such as `cartable.v1.Hardware.maker`.
    pub name: String,
    /// What it held.
    pub value: Value,
}

/// What a field held.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A whole number.
    Whole(i64),
    /// A whole number that has no sign.
    Count(u64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// The name of a choice.
    Choice(String),
    /// A message of its own.
    Message(Vec<Field>),
}

impl Descriptions {
    /// Those of this crate's messages.
    ///
    /// # Errors
    /// [`ConvertError`] when they cannot be read, which the tests rule out.
    pub fn new() -> Result<Self, ConvertError> {
        let set = FileDescriptorSet::decode(DESCRIPTORS)?;
        let mut all = Self { messages: BTreeMap::new(), choices: BTreeMap::new() };
        for file in set.file {
            let package = file.package().to_owned();
            for message in file.message_type {
                all.take(&package, message);
            }
            for choice in file.enum_type {
                all.choices.insert(format!("{package}.{}", choice.name()), choice);
            }
        }
        Ok(all)
    }

    /// The fields that a message's bytes hold, in the order in which they stand; those of a newer version are passed over.
    ///
    /// # Errors
    /// [`ConvertError`] when there is no message of that name, or the bytes are none.
    pub fn read(&self, message: &str, bytes: &[u8]) -> Result<Vec<Field>, ConvertError> {
        self.read_within(message, bytes, DEPTH_MAX)
    }

    fn take(&mut self, scope: &str, message: DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        for nested in &message.nested_type {
            self.take(&name, nested.clone());
        }
        for choice in &message.enum_type {
            self.choices.insert(format!("{name}.{}", choice.name()), choice.clone());
        }
        self.messages.insert(name, message);
    }

    fn read_within(&self, message: &str, mut bytes: &[u8], depth: usize) -> Result<Vec<Field>, ConvertError> {
        let described = self.messages.get(message).filter(|_| depth > 0);
        let described = described.ok_or_else(|| ConvertError::invalid("message"))?;
        let mut fields = Vec::new();
        while bytes.has_remaining() {
            let (number, wire_type) = decode_key(&mut bytes)?;
            let field = described.field.iter().find(|field| u32::try_from(field.number()) == Ok(number));
            let Some(field) = field else {
                skip_field(wire_type, number, &mut bytes, DecodeContext::default())?;
                continue;
            };
            let name = format!("{message}.{}", field.name());
            if wire_type == WireType::LengthDelimited {
                let mut held = length_delimited(&mut bytes)?;
                if let Some(value) = self.delimited(field, held, depth)? {
                    fields.push(Field { name, value });
                    continue;
                }
                // Numbers, one after another (Protocol Buffers, "Encoding", packed).
                while held.has_remaining() {
                    let value = self.number(field, packed_type(field.r#type()), &mut held)?;
                    fields.push(Field { name: name.clone(), value });
                }
            } else {
                let value = self.number(field, wire_type, &mut bytes)?;
                fields.push(Field { name, value });
            }
        }
        Ok(fields)
    }

    fn delimited(
        &self,
        field: &FieldDescriptorProto,
        held: &[u8],
        depth: usize,
    ) -> Result<Option<Value>, ConvertError> {
        Ok(Some(match field.r#type() {
            Type::String => Value::Text(String::from_utf8_lossy(held).into_owned()),
            Type::Bytes => Value::Bytes(held.to_vec()),
            Type::Message => {
                Value::Message(self.read_within(field.type_name().trim_start_matches('.'), held, depth - 1)?)
            }
            _ => return Ok(None),
        }))
    }

    fn number(
        &self,
        field: &FieldDescriptorProto,
        wire_type: WireType,
        bytes: &mut &[u8],
    ) -> Result<Value, ConvertError> {
        let short = || ConvertError::invalid("number");
        let raw = match wire_type {
            WireType::Varint => decode_varint(bytes)?,
            WireType::SixtyFourBit => bytes.try_get_u64_le().map_err(|_| short())?,
            WireType::ThirtyTwoBit => bytes.try_get_u32_le().map_err(|_| short())?.into(),
            _ => return Err(short()),
        };
        let low = (raw & u64::from(u32::MAX)).try_into().unwrap_or(0_u32);
        let zigzag = || (raw >> 1).cast_signed() ^ -((raw & 1).cast_signed());
        Ok(match field.r#type() {
            Type::Double => Value::Number(f64::from_bits(raw)),
            Type::Float => Value::Number(f32::from_bits(low).into()),
            Type::Int32 | Type::Sfixed32 => Value::Whole(low.cast_signed().into()),
            Type::Int64 | Type::Sfixed64 => Value::Whole(raw.cast_signed()),
            Type::Sint32 | Type::Sint64 => Value::Whole(zigzag()),
            Type::Bool => Value::Flag(raw != 0),
            Type::Enum => {
                let choice = self.choices.get(field.type_name().trim_start_matches('.'));
                let named = choice.and_then(|c| c.value.iter().find(|v| v.number() == low.cast_signed()));
                named.zip(choice).map_or(Value::Count(raw), |(named, choice)| Value::Choice(bare(named.name(), choice)))
            }
            _ => Value::Count(raw),
        })
    }
}

/// A choice without the name of what is chosen, as people write it: `CHECK_KIND_DISK_HOME` is `disk home`.
fn bare(name: &str, choice: &EnumDescriptorProto) -> String {
    let first = choice.value.iter().find(|value| value.number() == 0).map_or("", |value| value.name());
    let prefix = first.strip_suffix("UNSPECIFIED").unwrap_or_default();
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', " ")
}

fn length_delimited<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], ConvertError> {
    let length = usize::try_from(decode_varint(bytes)?).unwrap_or(usize::MAX);
    let (held, rest) = bytes.split_at_checked(length).ok_or_else(|| ConvertError::invalid("length"))?;
    *bytes = rest;
    Ok(held)
}

const fn packed_type(of: Type) -> WireType {
    match of {
        Type::Double | Type::Fixed64 | Type::Sfixed64 => WireType::SixtyFourBit,
        Type::Float | Type::Fixed32 | Type::Sfixed32 => WireType::ThirtyTwoBit,
        _ => WireType::Varint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1;

    #[test]
    fn a_message_is_read_field_by_field() {
        let told = v1::CheckInResponse {
            server_unix_ms: -5,
            wanted: vec![1, 5, 77],
            stored: vec![vec![1, 2]],
            quarantined: true,
            acts: vec![v1::Act { verb: "device_approve".to_owned(), ..v1::Act::default() }],
            ..v1::CheckInResponse::default()
        };
        let read = Descriptions::new().unwrap().read("cartable.v1.CheckInResponse", &told.encode_to_vec()).unwrap();
        let of = |name: &str| {
            let name = format!("cartable.v1.CheckInResponse.{name}");
            read.iter().filter(|field| field.name == name).map(|field| field.value.clone()).collect::<Vec<_>>()
        };
        assert_eq!(of("server_unix_ms"), [Value::Whole(-5)]);
        assert_eq!(of("quarantined"), [Value::Flag(true)]);
        assert_eq!(of("stored"), [Value::Bytes(vec![1, 2])]);
        let choice = |name: &str| Value::Choice(name.to_lowercase());
        assert_eq!(of("wanted"), [choice("HARDWARE"), choice("HEALTH"), Value::Count(77)]);
        let verb = Field { name: "cartable.v1.Act.verb".to_owned(), value: Value::Text("device_approve".to_owned()) };
        assert_eq!(of("acts"), [Value::Message(vec![verb])]);
    }

    #[test]
    fn what_is_no_message_is_refused_and_what_is_unknown_is_passed_over() {
        let all = Descriptions::new().unwrap();
        for bad in [&b"\x0a\xff"[..], b"\x08", b"\x07", b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"] {
            assert!(all.read("cartable.v1.CheckInRequest", bad).is_err(), "{bad:?}");
        }
        assert!(all.read("cartable.v1.Nothing", b"").is_err());
        assert_eq!(all.read("cartable.v1.CheckInRequest", b"\xa0\x3f\x01").unwrap(), []);
    }
}
