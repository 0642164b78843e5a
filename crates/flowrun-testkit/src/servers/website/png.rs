//! Pictures made from a number, so that the repository holds no binary files.

const SIDE: u32 = 8;

/// A square of one grey, 8 by 8 pixels, as a PNG file.
pub(super) fn square(shade: u8) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    // 8 bits of grey, deflate, no filter choice, not interlaced.
    header.extend([8, 0, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &header);
    let mut row = vec![shade; SIDE as usize + 1];
    row[0] = 0;
    chunk(&mut file, b"IDAT", &stored(&row.repeat(SIDE as usize)));
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let checked = [kind, data].concat();
    let len = u32::try_from(data.len()).expect("a square has a few bytes");
    file.extend(len.to_be_bytes());
    file.extend(&checked);
    file.extend(crc32(&checked).to_be_bytes());
}

/// A zlib stream (RFC 1950) of one stored block: nothing to compress, nothing to depend on.
fn stored(data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len()).expect("a square has a few bytes");
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(len.to_le_bytes());
    stream.extend((!len).to_le_bytes());
    stream.extend(data);
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_their_published_check_values() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }
}
