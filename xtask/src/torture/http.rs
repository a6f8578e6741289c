//! As much of HTTP/1.1 as a call to AWS or to a registry and its answer need: a head, and a body whose length is said, that comes in chunks, or
//! that ends with the connection. Everything is read whole: these messages are small.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// A request or an answer.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// `POST / HTTP/1.1`, `HTTP/1.1 200 OK`
    pub first: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Without the marks of chunks.
    pub body: Vec<u8>,
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

impl Message {
    /// Reads one; `None` when the other side closed instead of beginning another.
    pub fn read(from: &mut impl BufRead) -> Result<Option<Self>> {
        let Some(mut message) = Self::head(from)? else { return Ok(None) };
        message.read_body(from)?;
        Ok(Some(message))
    }

    /// Reads the answer to a request: to HEAD, and with these statuses, nothing follows whatever length is said.
    /// <https://www.rfc-editor.org/rfc/rfc9110#name-content-length>
    fn read_answer(from: &mut impl BufRead, request: &Self) -> Result<Option<Self>> {
        let Some(mut message) = Self::head(from)? else { return Ok(None) };
        if !request.first.starts_with("HEAD ") && !matches!(message.status(), 204 | 304) {
            message.read_body(from)?;
        }
        Ok(Some(message))
    }

    fn head(from: &mut impl BufRead) -> Result<Option<Self>> {
        let Some(first) = line(from)? else { return Ok(None) };
        let mut message = Self { first, ..Self::default() };
        loop {
            let line = line(from)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| wrong("a header without a colon"))?;
            message.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Some(message))
    }

    fn read_body(&mut self, from: &mut impl BufRead) -> Result<()> {
        if self.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            self.body = chunks(from)?;
        } else if let Some(length) = self.header("content-length") {
            let length = length.parse().map_err(|_| wrong("a length that is no number"))?;
            self.body = vec![0; length];
            from.read_exact(&mut self.body)?;
        } else if self.first.starts_with("HTTP/") {
            from.read_to_end(&mut self.body)?;
        }
        Ok(())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The status of an answer.
    pub fn status(&self) -> u16 {
        self.first.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// As it goes over the wire, with its length said; `closes` says that the connection ends with it.
    pub fn bytes(&self, closes: bool) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first);
        let hop = ["connection", "keep-alive", "transfer-encoding", "content-length", "expect"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !hop.contains(&name.as_str())) {
            text += &format!("{name}: {value}\r\n");
        }
        // Of what HEAD asks for the length is said, and nothing follows.
        let said = self.header("content-length").filter(|_| self.body.is_empty());
        text += &format!("content-length: {}\r\n", said.map_or_else(|| self.body.len().to_string(), str::to_owned));
        text += if closes { "connection: close\r\n\r\n" } else { "\r\n" };
        [text.into_bytes(), self.body.clone()].concat()
    }
}

fn line(from: &mut impl BufRead) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    from.take(64 * 1024).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if !bytes.ends_with(b"\n") {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("a head that is no text"))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn chunks(from: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(from)?.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| wrong("a chunk without a size"))?;
        if from.take(size).read_to_end(&mut body)? as u64 != size {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        // After a chunk an empty line, after the last one trailers up to an empty line.
        while line(from)?.is_some_and(|line| size == 0 && !line.is_empty()) {}
        if size == 0 {
            return Ok(body);
        }
    }
}

/// Sends a request to a port of this machine and reads the answer.
pub fn exchange(port: u16, request: &Message, limit: Duration) -> Result<Message> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(&request.bytes(true))?;
    Message::read_answer(&mut BufReader::new(stream), request)?.ok_or_else(|| ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Message>> {
        Message::read(&mut BufReader::new(text.as_bytes()))
    }

    #[test]
    fn bodies_end_where_they_say() {
        let body = |text: &str| String::from_utf8(read(text).unwrap().unwrap().body).unwrap();
        assert_eq!(body("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc"), "ab");
        assert_eq!(body("GET / HTTP/1.1\r\n\r\nabc"), "");
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\nabc"), "abc");
        assert_eq!(
            body(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nt: 1\r\n\r\nrest"
            ),
            "abcd"
        );
        assert!(read("").unwrap().is_none());
        assert!(read("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").is_err());
        assert!(read("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nabc").is_err());
    }

    #[test]
    fn what_is_passed_on_says_its_own_length() {
        let text = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let sent = String::from_utf8(read(text).unwrap().unwrap().bytes(true)).unwrap();
        assert_eq!(sent, "POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc");
    }

    #[test]
    fn what_head_asks_for_has_a_length_and_no_body() {
        let request = |first: &str| Message { first: first.into(), ..Message::default() };
        let answer = |first: &str, text: &str| {
            Message::read_answer(&mut BufReader::new(text.as_bytes()), &request(first)).unwrap().unwrap()
        };
        let text = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
        let head = answer("HEAD /v2/a/blobs/b HTTP/1.1", text);
        assert_eq!(String::from_utf8(head.bytes(false)).unwrap(), text);
        assert_eq!(answer("DELETE /a HTTP/1.1", "HTTP/1.1 204 No Content\r\n\r\nrest").body, b"");
        assert!(Message::read_answer(&mut BufReader::new(text.as_bytes()), &request("GET /a HTTP/1.1")).is_err());
    }
}
