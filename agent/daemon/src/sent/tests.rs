use super::*;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

type Messages = BTreeMap<String, DescriptorProto>;

/// The bytes of a message in which every field is there.
fn full(messages: &Messages, name: &str, depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for field in &messages[name].field {
        let number = u32::try_from(field.number()).unwrap();
        let delimited = |out: &mut Vec<u8>, held: &[u8]| {
            encode_key(number, WireType::LengthDelimited, out);
            encode_varint(held.len() as u64, out);
            out.extend_from_slice(held);
        };
        match field.r#type() {
            Type::String | Type::Bytes => delimited(&mut out, b"seen"),
            Type::Message if depth > 0 => {
                delimited(&mut out, &full(messages, field.type_name().trim_start_matches('.'), depth - 1));
            }
            Type::Message => {}
            Type::Double | Type::Fixed64 | Type::Sfixed64 => {
                encode_key(number, WireType::SixtyFourBit, &mut out);
                out.extend_from_slice(&[1; 8]);
            }
            Type::Float | Type::Fixed32 | Type::Sfixed32 => {
                encode_key(number, WireType::ThirtyTwoBit, &mut out);
                out.extend_from_slice(&[1; 4]);
            }
            _ => {
                encode_key(number, WireType::Varint, &mut out);
                encode_varint(1, &mut out);
            }
        }
    }
    out
}

/// Every message there is, and the names of those that a device sends whole: the sections, and what it asks its services.
fn described() -> (Messages, Vec<String>) {
    let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
    let mut messages = Messages::new();
    let mut sent: Vec<String> = SectionKind::ALL.map(|kind| format!("{PACKAGE}.{}", &section_file(kind)[5..])).to_vec();
    for file in set.file {
        for message in file.message_type {
            assert!(message.nested_type.is_empty(), "not looked through");
            messages.insert(format!("{PACKAGE}.{}", message.name()), message);
        }
        let by_devices = ["device.proto", "enrolment.proto", "recovery.proto"].contains(&file.name.as_deref().unwrap());
        for method in file.service.iter().filter(|_| by_devices).flat_map(|service| &service.method) {
            sent.push(method.input_type().trim_start_matches('.').to_owned());
        }
    }
    (messages, sent)
}

fn fields_within(messages: &Messages, name: &str, into: &mut Vec<String>) {
    for field in &messages[name].field {
        into.push(format!("{name}.{}", field.name()));
        if field.r#type() == Type::Message {
            fields_within(messages, field.type_name().trim_start_matches('.'), into);
        }
    }
}

#[test]
fn every_field_of_everything_a_device_sends_appears_with_its_purpose() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = Folder::new(temporary.path());
    let (messages, sent) = described();
    assert!(sent.len() > 8, "{sent:?}");
    for name in &sent {
        let file = format!("{PREFIX}{}", name.trim_start_matches("cartable.v1."));
        assert!(is_named(&file) && crate::state::own(&file), "{file}");
        folder.write(&file, &full(&messages, name, 8)).unwrap();
    }
    let read = read(&folder).unwrap();
    for name in &sent {
        let short = name.trim_start_matches("cartable.v1.");
        let Some(shown) = read.messages.iter().find(|message| message.name == short) else { panic!("{name}") };
        let mut expected = Vec::new();
        fields_within(&messages, name, &mut expected);
        for field in expected {
            let found = shown.fields.iter().find(|found| found.name == field);
            let found = found.unwrap_or_else(|| panic!("{field} is not shown"));
            let purpose = found.purpose.as_ref().unwrap_or_else(|| panic!("{field} has no purpose"));
            assert!(purpose.fr.ends_with('.') && purpose.en.ends_with('.'), "{field}");
            assert!(read.legal_basis.contains_key(&found.legal_basis) && read.retention.contains_key(&found.retention));
        }
    }
}

#[test]
fn what_was_sent_is_shown_as_it_was_and_cut_files_are_not() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = Folder::new(temporary.path());
    let part = v1::SectionPart { body: vec![9; 4000].into(), index: 3, ..v1::SectionPart::default() };
    let request = v1::CheckInRequest {
        agent_version: "0.1.0".to_owned(),
        boot: vec![0xab; 2],
        parts: vec![part.clone(), part],
        report: true,
        ..v1::CheckInRequest::default()
    };
    note_check_in(&folder, &request);
    note_check_in(&folder, &v1::CheckInRequest { hold_ms: 600_000, ..v1::CheckInRequest::default() });
    std::fs::write(temporary.path().join("sent-Hardware"), b"\x0a\xff").unwrap();
    let read = read(&folder).unwrap();
    let names: Vec<_> = read.messages.iter().map(|message| message.name.as_str()).collect();
    assert_eq!(names, [CHECK_IN, REPORT]);
    let values = |message: usize, name: &str| {
        let name = format!("cartable.v1.{name}");
        read.messages[message].fields.iter().find(|field| field.name == name).map(|field| field.values.clone())
    };
    assert_eq!(values(0, "CheckInRequest.hold_ms"), Some(vec![Shown::Count(600_000)]));
    assert_eq!(values(1, "CheckInRequest.boot"), Some(vec![Shown::Text("abab".to_owned())]));
    assert_eq!(values(1, "CheckInRequest.parts"), Some(vec![]));
    assert_eq!(values(1, "SectionPart.index"), Some(vec![Shown::Count(3), Shown::Count(3)]));
    assert_eq!(values(1, "SectionPart.body"), None);
}
