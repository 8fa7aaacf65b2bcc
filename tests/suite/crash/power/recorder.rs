//! Disks that remember what was written to them, and when it was made durable.
//!
//! A FUSE file system with one file a disk; a loop device lies on each. What a file system above asks of its device
//! comes here in order: writes, and flushes (the loop device turns them into fsync of its file). Device-mapper has a
//! target for this (dm-log-writes), which many kernels lack.
//!
//! Invariant: nothing is lost between a disk and its log: the pages are what the log says, write by write.

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation,
    INodeNo, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyWrite,
    Request, TimeOrNow, WriteFlags,
};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a disk writes whole or not at all, here: what most of them do, and the block of the file systems above.
pub const PAGE: usize = 4096;
const FIRST_INODE: u64 = 2;
const FOR_EVER: Duration = Duration::from_secs(3600);
/// The bits of fallocate(2) that make zeros of a range.
const MAKES_ZEROS: i32 = 0x02 | 0x10;

/// What is on a disk; a page that is not here is zeros.
#[derive(Clone, Default)]
pub struct Pages(BTreeMap<u64, Box<[u8; PAGE]>>);

/// One thing that was asked of a disk.
#[derive(Clone)]
pub enum Event {
    /// Bytes, at most a page and within one, at this place.
    Write { disk: usize, offset: u64, bytes: Vec<u8> },
    /// What was written to this disk before is durable.
    Flush { disk: usize },
}

#[derive(Default)]
struct Log {
    disks: Vec<(u64, Pages)>,
    events: Vec<Event>,
}

/// Disks of which everything is remembered; gone when it is dropped.
pub struct Recorder {
    log: Arc<Mutex<Log>>,
    session: Option<BackgroundSession>,
    folder: tempfile::TempDir,
}

impl Pages {
    /// What an image holds.
    pub fn of(image: &Path) -> io::Result<Self> {
        let (mut pages, bytes) = (Self::default(), fs::read(image)?);
        for (index, chunk) in
            bytes.chunks(PAGE).enumerate().filter(|(_, chunk)| chunk.iter().any(|byte| *byte != 0))
        {
            pages.write((index * PAGE) as u64, chunk);
        }
        Ok(pages)
    }

    /// Writes bytes, of any number.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        for (offset, bytes) in by_pages(offset, bytes) {
            let (page, start) = (offset / PAGE as u64, (offset % PAGE as u64) as usize);
            let page = self.0.entry(page).or_insert_with(|| Box::new([0; PAGE]));
            page[start..start + bytes.len()].copy_from_slice(bytes);
        }
    }

    fn read(&self, offset: u64, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        let mut done = 0;
        while done < size {
            let at = offset + done as u64;
            let start = (at % PAGE as u64) as usize;
            let length = (PAGE - start).min(size - done);
            if let Some(page) = self.0.get(&(at / PAGE as u64)) {
                bytes[done..done + length].copy_from_slice(&page[start..start + length]);
            }
            done += length;
        }
        bytes
    }

    /// Makes an image of it.
    pub fn save(&self, image: &Path, size: u64) -> io::Result<()> {
        let file = File::create(image)?;
        file.set_len(size)?;
        self.0.iter().try_for_each(|(page, bytes)| file.write_all_at(&bytes[..], page * PAGE as u64))
    }
}

/// The pieces of a write that lie within a page.
fn by_pages(mut offset: u64, mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at((PAGE - (offset % PAGE as u64) as usize).min(bytes.len()));
        pieces.push((offset, piece));
        (offset, bytes) = (offset + piece.len() as u64, rest);
    }
    pieces
}

impl Recorder {
    /// Disks with these images on them. The mount is seen by this thread's mount namespace alone.
    pub fn new(images: &[PathBuf]) -> io::Result<Self> {
        let load = |image: &PathBuf| Ok::<_, io::Error>((fs::metadata(image)?.len(), Pages::of(image)?));
        let disks = images.iter().map(load).collect::<Result<_, _>>()?;
        let log = Arc::new(Mutex::new(Log { disks, events: Vec::new() }));
        let folder = tempfile::Builder::new().prefix("motionctl-disks-").tempdir()?;
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("recorder".to_owned()), MountOption::NoAtime];
        let session = fuser::spawn_mount(Disks(Arc::clone(&log)), folder.path(), &config)?;
        Ok(Self { log, session: Some(session), folder })
    }

    /// The file of a disk.
    pub fn file(&self, disk: usize) -> PathBuf {
        self.folder.path().join(disk.to_string())
    }

    /// Everything that was asked so far.
    pub fn events(&self) -> Vec<Event> {
        self.log.lock().expect("nobody panics").events.clone()
    }

    /// How much was asked so far.
    pub fn now(&self) -> usize {
        self.log.lock().expect("nobody panics").events.len()
    }

    /// What is on each disk, with its size; what was asked is forgotten.
    pub fn begin(&self) -> Vec<(u64, Pages)> {
        let mut log = self.log.lock().expect("nobody panics");
        log.events.clear();
        log.disks.clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            session.umount_and_join().expect("unmounting");
        }
    }
}

struct Disks(Arc<Mutex<Log>>);

impl Disks {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().expect("nobody panics")
    }

    fn attributes(&self, inode: u64) -> Option<FileAttr> {
        let size = match inode.checked_sub(FIRST_INODE) {
            Some(disk) => Some(self.log().disks.get(disk as usize)?.0),
            None => None,
        };
        Some(FileAttr {
            ino: INodeNo(inode),
            size: size.unwrap_or_default(),
            blocks: size.unwrap_or_default() / 512,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind: if size.is_some() { FileType::RegularFile } else { FileType::Directory },
            perm: if size.is_some() { 0o600 } else { 0o700 },
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            flags: 0,
            blksize: PAGE as u32,
        })
    }

    fn write_down(&self, inode: u64, offset: u64, bytes: &[u8]) {
        let disk = (inode - FIRST_INODE) as usize;
        let mut log = self.log();
        for (offset, bytes) in by_pages(offset, bytes) {
            log.disks[disk].1.write(offset, bytes);
            log.events.push(Event::Write { disk, offset, bytes: bytes.to_vec() });
        }
    }
}

impl Filesystem for Disks {
    fn lookup(&self, _request: &Request, _parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let disk = name.to_str().and_then(|name| name.parse::<u64>().ok());
        match disk.and_then(|disk| self.attributes(disk + FIRST_INODE)) {
            Some(attributes) => reply.entry(&FOR_EVER, &attributes, Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _request: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes(inode.0) {
            Some(attributes) => reply.attr(&FOR_EVER, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    // Times, which nobody asks for.
    fn setattr(
        &self,
        request: &Request,
        inode: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        _size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        handle: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        self.getattr(request, inode, handle, reply);
    }

    fn read(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let log = self.log();
        let (length, pages) = &log.disks[(inode.0 - FIRST_INODE) as usize];
        let size = u64::from(size).min(length.saturating_sub(offset));
        reply.data(&pages.read(offset, size as usize));
    }

    fn write(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        self.write_down(inode.0, offset, data);
        reply.written(data.len() as u32);
    }

    fn fsync(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        _data_alone: bool,
        reply: ReplyEmpty,
    ) {
        self.log().events.push(Event::Flush { disk: (inode.0 - FIRST_INODE) as usize });
        reply.ok();
    }

    // What closing a descriptor asks for, which makes nothing durable.
    fn flush(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _handle: FileHandle,
        _owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn fallocate(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        if mode & MAKES_ZEROS == 0 {
            return reply.error(Errno::EOPNOTSUPP);
        }
        self.write_down(inode.0, offset, &vec![0; length as usize]);
        reply.ok();
    }
}
