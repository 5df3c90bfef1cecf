//! Made-up texts: valid, nearly valid, mutated and hostile ones.

use fastrand::Rng;

/// Names of all sorts of fields, and some that are none.
const FIELDS: &[&str] = &[
    "ip4.src",
    "ip4.dst",
    "ip6.src",
    "ip6.dst",
    "ip6.label",
    "tcp.dst",
    "tcp.src",
    "udp.src",
    "sctp.dst",
    "tcp.flags",
    "ip.proto",
    "ip.ttl",
    "ip.dscp",
    "ip.ecn",
    "ip.frag",
    "ip.first_frag",
    "eth.src",
    "eth.dst",
    "eth.type",
    "eth.mcast",
    "eth.mcastv6",
    "vlan.tci",
    "vlan.vid",
    "vlan.pcp",
    "ct_state",
    "ct_mark",
    "ct_label",
    "ct_mark.obs_stage",
    "ct_label.acl_id",
    "ct_label.natted",
    "ct.est",
    "ct.trk",
    "reg0",
    "reg9",
    "reg10",
    "xreg4",
    "xreg5",
    "xxreg1",
    "inport",
    "outport",
    "icmp4.type",
    "icmp4.code",
    "icmp6.type",
    "icmp6.code",
    "icmp4.frag_mtu",
    "pkt.mark",
    "nd.target",
    "nd.sll",
    "arp.op",
    "arp.spa",
    "arp.sha",
    "rarp.tpa",
    "ip4.mcast",
    "ip6.mcast",
    "ip6.mcast_flood",
    "flags",
    "flags.loopback",
    "flags.network_id",
    "nd_ns_mcast",
    "igmp",
    "mldv2",
    "ip.src",
    "ip4.proto",
    "TCP",
    "tcp.port",
    "remote_outport",
    "reg00",
    "ip4.",
    ".x",
    "ab",
    "fade",
    "a.b.c",
];

const PREDICATES: &[&str] = &[
    "ip4",
    "ip6",
    "ip",
    "tcp",
    "udp",
    "sctp",
    "icmp",
    "icmp4",
    "icmp6",
    "arp",
    "rarp",
    "nd",
    "nd_ns",
    "nd_ra",
    "igmp",
    "mldv1",
    "eth.bcast",
    "ip.is_frag",
    "ct.new",
    "ip4.mcast",
    "vlan.present",
    "ip6.mcast",
];

/// Numbers, addresses and strings, and what looks like one.
const CONSTANTS: &[&str] = &[
    "0",
    "1",
    "2",
    "6",
    "17",
    "80",
    "443",
    "255",
    "256",
    "4095",
    "4096",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "080",
    "00",
    "0x",
    "0X10",
    "0xff",
    "0xg",
    "0x00000000000000000000000000000000001",
    "0xffffffffffffffffffffffffffffffff",
    "0x1ffffffffffffffffffffffffffffffff",
    "10.0.0.1",
    "10.0.0.0/8",
    "10.0.0.1/32",
    "10.0.0.1/33",
    "10.0.0.1/4294967320",
    "0.0.0.0/0",
    "192.168.1.0/255.255.255.0",
    "1.2.3.4/255.0.255.0",
    "1.2.3",
    "1.2.3.4.5",
    "10.0.0.01",
    "256.0.0.1",
    "10.0.0.1.",
    "fd00::1",
    "FD00::A",
    "fd00::/64",
    "fd00::/129",
    "fd00::/ffff::",
    "::",
    "::1/128",
    "::/0",
    "::ffff:1.2.3.4",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "fe80::1%eth0",
    "abcd:1",
    "a:b",
    "00:00:00:00:00:01",
    "aa:bb:cc:dd:ee:ff",
    "aaa:bb:cc:dd:ee:f",
    "1:222:33:44:55:66",
    "0x:11:22:33:44:55",
    "ff:ff:ff:ff:ff:ff/ff:ff:ff:00:00:00",
    "00:00:00:00:00:01/24",
    "0:0:0:0:0:1",
    "00-00-00-00-00-01",
    "5/3",
    "5/0xff",
    "0/0xff",
    "0x5/0xff",
    "1/1",
    "1/0",
    "80/",
    "80 /8",
    "\"a\"",
    "\"\"",
    "\"a-b.c\"",
    "\"a\\n\"",
    "\"\\u0041\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\u0000\"",
    "\"\\x\"",
    "\"a",
    "'a'",
    "\"\t\"",
    "\"é\"",
    "$as6",
    "$as4",
    "$nosuch",
    "$as-4",
    "$ as4",
    "$",
    "@pg1",
    "@nosuch",
    "@",
    "^tpl",
    "^",
    "80abc",
    "0..7",
];

const OPERATORS: &[&str] = &["==", "!=", "<", "<=", ">", ">="];

const BITS: &[&str] = &[
    "[0]",
    "[0..7]",
    "[8..15]",
    "[7..0]",
    "[31]",
    "[0..15]",
    "[0..31]",
    "[ 0 .. 3 ]",
    "[0x1]",
    "[40]",
    "[0..47]",
    "[]",
    "[1..]",
    "[00]",
    "[4294967296]",
    "[2147483648]",
    "[0...7]",
    "[0..7",
    "[\"a\"]",
    "[0][0]",
];

const BLANKS: &[&str] = &["", "", "", " ", " ", "  ", "\t", "\n", "\u{b}", "\r\n", "/* c */", "//c\n", "/**/"];

/// What is put into a text that was right.
const SPLINTERS: &[&str] = &[
    " ", "(", ")", "!", "&", "|", "=", "<", ">", "{", "}", "[", "]", ",", ".", ";", ":", "-", "/", "\"", "'", "$", "@",
    "^", "0", "1", "9", "a", "f", "x", "ip4", ".src", "tcp", "\n", "\t", "//", "/*", "*/", "..", "==", "&&", "||",
    "!=", "--", "<->", "\\", "\u{a0}", "é", "\u{201c}", "\u{1}", "\u{7f}", "\u{feff}", "#", "%", "~", "`", "+", "*",
    "?",
];

/// Where they come from: the same from the same seed.
#[derive(Clone, Debug)]
pub struct Expressions {
    random: Rng,
}

impl Iterator for Expressions {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        Some(match self.random.u8(..100) {
            0..65 => self.expression(0),
            65..95 => {
                let right = self.expression(0);
                self.mutated(right)
            }
            _ => self.hostile(),
        })
    }
}

impl Expressions {
    /// Those of a seed.
    pub fn of(seed: u64) -> Self {
        Self { random: Rng::with_seed(seed) }
    }

    fn one_of(&mut self, words: &[&'static str]) -> &'static str {
        self.random.choice(words.iter().copied()).unwrap_or_default()
    }

    fn chance(&mut self, percent: u8) -> bool {
        self.random.u8(..100) < percent
    }

    fn blank(&mut self) -> &'static str {
        self.one_of(BLANKS)
    }

    fn expression(&mut self, depth: usize) -> String {
        let count = self.one_of(&["1", "1", "22", "22", "333"]).len();
        let joint = self.one_of(&["&&", "||"]);
        let mut text = String::new();
        for number in 0..count {
            if number > 0 {
                let joint = if self.chance(97) { joint } else { self.one_of(&["&&", "||", "&", "|", "and", ","]) };
                text += &[self.blank(), joint, self.blank()].concat();
            }
            if self.chance(4) {
                text += self.one_of(&["!", "!", "! ", "!!", "not "]);
            }
            text += &self.operand(depth);
        }
        text
    }

    fn operand(&mut self, depth: usize) -> String {
        match self.random.u8(..100) {
            0..52 => self.usual(),
            52..60 => [&self.field(), self.blank(), self.operator(), self.blank(), &self.constants()].concat(),
            60..68 => [&self.constants(), self.blank(), self.operator(), self.blank(), &self.field()].concat(),
            68..74 => {
                let (first, second) = (self.operator(), self.operator());
                let (low, high) = (self.constants(), self.constants());
                [&low, self.blank(), first, self.blank(), &self.field(), self.blank(), second, self.blank(), &high]
                    .concat()
            }
            74..80 => self.field(),
            80..83 => self
                .one_of(&[
                    "0",
                    "1",
                    "2",
                    "0x1",
                    "01",
                    "{1}",
                    "tcp()",
                    "is_chassis_resident(\"x\")",
                    "is_chassis_resident (\"\")",
                    "is_chassis_resident(x)",
                    "is_chassis_resident(\"a\", \"b\")",
                    "next(1)",
                    "^t",
                    "foo",
                    "not tcp",
                    "()",
                    "",
                ])
                .to_owned(),
            _ if depth > 3 => self.usual(),
            _ => {
                let not = if self.chance(40) { "!" } else { "" };
                [not, "(", self.blank(), &self.expression(depth + 1), self.blank(), ")"].concat()
            }
        }
    }

    /// What people write.
    fn usual(&mut self) -> String {
        match self.random.u8(..100) {
            0..30 => {
                let field = self.one_of(&["ip4.src", "ip4.dst"]);
                let value = self.one_of(&[
                    "10.0.0.1",
                    "10.0.0.0/8",
                    "{10.0.0.0/8, 192.168.0.0/16}",
                    "167772161",
                    "$as4",
                    "{$as4, 10.0.0.9}",
                ]);
                [field, self.blank(), self.operator(), self.blank(), value].concat()
            }
            30..55 => {
                let field = self.one_of(&["tcp.dst", "udp.dst", "tcp.src"]);
                [
                    field,
                    " ",
                    self.operator(),
                    " ",
                    self.one_of(&["80", "443", "{80,443}", "{80 443}", "0x50", "80/0xfffe"]),
                ]
                .concat()
            }
            55..65 => self
                .one_of(&[
                    "80 <= tcp.dst <= 90",
                    "90>tcp.dst>=80",
                    "1 < udp.src <= 5",
                    "10.0.0.1 <= ip4.src <= 10.0.0.9",
                    "0 < ip.frag < 3",
                ])
                .to_owned(),
            65..85 => self.one_of(PREDICATES).to_owned(),
            _ => self
                .one_of(&[
                    "ip6.src == fd00::/64",
                    "ip6.dst == $as6",
                    "ip.proto == 6",
                    "inport == \"a-b\"",
                    "inport == @pg1",
                    "outport != {\"a\", @pg1}",
                    "eth.type == 0x800",
                    "1",
                    "0",
                    "is_chassis_resident(\"a\")",
                    "ct.est && !ct.rel",
                    "ip4.src[0..7] < 9",
                    "tcp.flags[1] == 1",
                    "!(ip.proto != 6)",
                ])
                .to_owned(),
        }
    }

    fn operator(&mut self) -> &'static str {
        if self.chance(98) { self.one_of(OPERATORS) } else { self.one_of(&["=", "=<", "<>", "===", "~", "in", "eq"]) }
    }

    fn field(&mut self) -> String {
        let name = self.one_of(FIELDS);
        let bits = if self.chance(15) { self.one_of(BITS) } else { "" };
        [name, bits].concat()
    }

    fn constants(&mut self) -> String {
        if self.chance(75) {
            return self.one_of(CONSTANTS).to_owned();
        }
        let mut text = "{".to_owned();
        for _ in 0..self.random.usize(0..5) {
            let between = if self.chance(90) { &[",", ",", " ", ", "] } else { &[",,", "", ";", " , ,"] };
            text += &[self.blank(), self.one_of(CONSTANTS), self.one_of(between)].concat();
        }
        if self.chance(95) {
            text.push('}');
        }
        text
    }

    /// The same with one to three changes: something put in, left out or turned round.
    fn mutated(&mut self, text: String) -> String {
        let mut text: Vec<char> = text.chars().collect();
        for _ in 0..self.random.usize(1..4) {
            let (one, other) = (self.random.usize(..=text.len()), self.random.usize(..=text.len()));
            match self.random.u8(..5) {
                0 | 1 => {
                    let splinter = self.one_of(SPLINTERS);
                    text.splice(one..one, splinter.chars());
                }
                2 | 3 => drop(text.splice(one.saturating_sub(1)..one, [])),
                _ => {
                    if let Some(part) = text.get_mut(one.min(other)..one.max(other)) {
                        part.reverse();
                    }
                }
            }
        }
        text.into_iter().collect()
    }

    /// What nobody means well with: as deep as it goes and deeper, long lists, long words, soup.
    fn hostile(&mut self) -> String {
        match self.random.u8(..6) {
            0 => {
                let depth = self.random.usize(98..104);
                let open = if self.chance(50) { "(" } else { "!(" };
                let close = if self.chance(80) { depth } else { depth - 1 };
                [&open.repeat(depth), self.one_of(&["1", "tcp.dst == 80", "tcp.dst", "ip4"]), &")".repeat(close)]
                    .concat()
            }
            1 => {
                let joint = self.one_of(&[" && ", " || "]);
                let terms: Vec<_> = (0..self.random.usize(2..60)).map(|_| self.usual()).collect();
                terms.join(joint)
            }
            2 => {
                let list: Vec<_> = (0..self.random.usize(1..120)).map(|_| self.random.u16(..).to_string()).collect();
                format!("{} {} {{{}}}", self.field(), self.operator(), list.join(self.one_of(&[",", " ", ", "])))
            }
            3 => {
                let word = self.one_of(&["a", "0", "f:", "1.", "9", ":", "0x", "[", "{", "!", "-", "\\", "\"", "é"]);
                let long = word.repeat(self.random.usize(1..80));
                let text = self.usual();
                if self.chance(50) {
                    [&text, self.blank(), &long].concat()
                } else {
                    [&long, self.blank(), &text].concat()
                }
            }
            4 => (0..self.random.usize(0..12)).map(|_| self.one_of(SPLINTERS)).collect(),
            _ => {
                let tokens: Vec<_> = (0..self.random.usize(1..10)).map(|_| self.token()).collect();
                tokens.join(self.one_of(&["", " "]))
            }
        }
    }

    fn token(&mut self) -> &'static str {
        match self.random.u8(..5) {
            0 => self.one_of(FIELDS),
            1 => self.one_of(CONSTANTS),
            2 => self.one_of(OPERATORS),
            3 => self.one_of(SPLINTERS),
            _ => self.one_of(&["&&", "||", "!", "(", ")", "{", "}"]),
        }
    }
}

#[test]
fn they_are_of_all_sorts_and_the_same_again() {
    use vpcguard_policies::ovn_match::{Match, Version};

    let texts: Vec<_> = Expressions::of(7).take(4000).collect();
    assert!(Expressions::of(7).take(4000).eq(texts.iter().cloned()));
    assert!(!Expressions::of(8).take(4000).eq(texts.iter().cloned()));
    let valid = texts.iter().filter(|text| Match::parse(text, Version::V25).is_valid()).count();
    assert!((600..3000).contains(&valid), "{valid} of {} are valid", texts.len());
}
