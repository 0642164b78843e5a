//! An SQLite VFS over a [`Model`]: the C side.
//!
//! SQLite calls these functions with the pointers it was given: `sqlite3_vfs::pAppData` is a leaked [`App`], and
//! the file it lets us fill holds a boxed [`Handle`] between `open` and `close`. It never calls two functions on
//! one file at the same time; what files share stands behind a mutex. The memory of a write-ahead log's index is
//! shared between connections by SQLite's own locks and barriers, so it is given out as it is.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex};

use rusqlite::ffi;

use super::disk::{Kind, Model, Verdict, lock};
use super::power::Change;

/// What the files of one disk share.
struct App {
    model: Arc<Mutex<Model>>,
    locks: Mutex<Locks>,
    next: AtomicU64,
}

#[derive(Default)]
struct Locks {
    /// The level each handle has on its file.
    files: BTreeMap<(String, u64), c_int>,
    /// The slots each handle has of a log's index: shared ones, exclusive ones.
    slots: BTreeMap<(String, u64), (u8, u8)>,
    indexes: BTreeMap<String, Vec<Region>>,
}

/// A piece of a log's index.
struct Region(NonNull<u8>, Layout);

// SAFETY: the pointer is to memory of our own, and only SQLite looks into it.
unsafe impl Send for Region {}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and is dropped when no handle has it mapped.
        unsafe { dealloc(self.0.as_ptr(), self.1) }
    }
}

/// An open file.
struct Handle {
    app: &'static App,
    name: String,
    number: u64,
    is_temporary: bool,
}

#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock_file),
    xUnlock: Some(unlock_file),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Registers a VFS for the model and gives its name. It lives as long as the process.
pub(super) fn register(model: Arc<Mutex<Model>>) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("flowrun-disk-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let app = Box::leak(Box::new(App { model, locks: Mutex::default(), next: AtomicU64::new(0) }));
    let c_name = CString::new(name.as_str()).expect("the name has no zero byte");
    let vfs = ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<File>()).expect("a file is two pointers"),
        mxPathname: 512,
        pNext: ptr::null_mut(),
        zName: c_name.into_raw(),
        pAppData: ptr::from_mut(app).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: Some(current_time_64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    };
    // SAFETY: the table, its name and its data are leaked and so outlive SQLite.
    let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) };
    assert_eq!(code, ffi::SQLITE_OK, "SQLite takes a VFS");
    name
}

/// SAFETY: `vfs` is the table made by [`register`].
unsafe fn app(vfs: *mut ffi::sqlite3_vfs) -> &'static App {
    unsafe { &*(*vfs).pAppData.cast::<App>() }
}

/// SAFETY: `file` was opened by [`open`] and not closed.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    unsafe { &mut *(*file.cast::<File>()).handle }
}

/// SAFETY: `name` is null or a C string.
unsafe fn text(name: *const c_char) -> Option<String> {
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let app = unsafe { app(vfs) };
    let number = app.next.fetch_add(1, Ordering::Relaxed);
    let file = file.cast::<File>();
    // A file without methods is one that SQLite will not close.
    unsafe { (*file).base.pMethods = ptr::null() };
    let name = unsafe { text(name) };
    let is_temporary = name.is_none();
    let name = name.unwrap_or_else(|| format!("temporary-{number}"));
    {
        let mut model = lock(&app.model);
        if model.judge(Kind::Read) != Verdict::Do {
            return ffi::SQLITE_CANTOPEN;
        }
        if !model.files.contains_key(&name) {
            if flags & ffi::SQLITE_OPEN_CREATE == 0 && !is_temporary {
                return ffi::SQLITE_CANTOPEN;
            }
            model.files.insert(name.clone(), Vec::new());
        }
    }
    let handle = Box::into_raw(Box::new(Handle { app, name, number, is_temporary }));
    unsafe {
        (*file).handle = handle;
        (*file).base.pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let file = file.cast::<File>();
    let handle = unsafe { Box::from_raw((*file).handle) };
    unsafe { (*file).base.pMethods = ptr::null() };
    lock(&handle.app.locks).files.remove(&(handle.name.clone(), handle.number));
    if handle.is_temporary {
        lock(&handle.app.model).files.remove(&handle.name);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    buffer: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let handle = unsafe { handle(file) };
    let (amount, offset) = (amount as usize, offset as usize);
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), amount) };
    let mut model = lock(&handle.app.model);
    if model.judge(Kind::Read) != Verdict::Do {
        return ffi::SQLITE_IOERR_READ;
    }
    let content = model.files.get(&handle.name).map_or(&[][..], Vec::as_slice);
    let there = content.get(offset..).unwrap_or_default();
    let there = &there[..there.len().min(amount)];
    buffer[..there.len()].copy_from_slice(there);
    buffer[there.len()..].fill(0);
    if there.len() < amount { ffi::SQLITE_IOERR_SHORT_READ } else { ffi::SQLITE_OK }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    data: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    let handle = unsafe { handle(file) };
    let data = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), amount as usize) };
    let mut model = lock(&handle.app.model);
    match model.judge(Kind::Write) {
        Verdict::Do => {
            model.write(&handle.name, offset as usize, data);
            ffi::SQLITE_OK
        }
        Verdict::Fail => ffi::SQLITE_IOERR_WRITE,
        Verdict::Full => ffi::SQLITE_FULL,
        Verdict::Short => {
            model.write(&handle.name, offset as usize, &data[..data.len() / 2]);
            ffi::SQLITE_IOERR_WRITE
        }
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    let handle = unsafe { handle(file) };
    let mut model = lock(&handle.app.model);
    if model.judge(Kind::Sync) != Verdict::Do {
        return ffi::SQLITE_IOERR_TRUNCATE;
    }
    model.truncate(&handle.name, size as usize);
    ffi::SQLITE_OK
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let mut model = lock(&handle.app.model);
    if model.judge(Kind::Sync) != Verdict::Do {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    model.note(Change::Sync { name: handle.name.clone() });
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut ffi::sqlite3_int64) -> c_int {
    let handle = unsafe { handle(file) };
    let mut model = lock(&handle.app.model);
    if model.judge(Kind::Read) != Verdict::Do {
        return ffi::SQLITE_IOERR_FSTAT;
    }
    unsafe { *size = model.files.get(&handle.name).map_or(0, Vec::len) as ffi::sqlite3_int64 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock_file(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let mut locks = lock(&handle.app.locks);
    let own = (handle.name.clone(), handle.number);
    let others = locks.files.iter().filter(|(of, _)| of.0 == own.0 && of.1 != own.1).map(|(_, level)| *level);
    let highest = others.max().unwrap_or(ffi::SQLITE_LOCK_NONE);
    let (granted, code) = match level {
        ffi::SQLITE_LOCK_SHARED if highest >= ffi::SQLITE_LOCK_PENDING => (None, ffi::SQLITE_BUSY),
        ffi::SQLITE_LOCK_SHARED => (Some(level), ffi::SQLITE_OK),
        _ if highest >= ffi::SQLITE_LOCK_RESERVED => (None, ffi::SQLITE_BUSY),
        // Readers are there: no new ones come, and those end.
        ffi::SQLITE_LOCK_EXCLUSIVE if highest >= ffi::SQLITE_LOCK_SHARED => {
            (Some(ffi::SQLITE_LOCK_PENDING), ffi::SQLITE_BUSY)
        }
        _ => (Some(level), ffi::SQLITE_OK),
    };
    if let Some(granted) = granted {
        let has = locks.files.entry(own).or_insert(ffi::SQLITE_LOCK_NONE);
        *has = granted.max(*has);
    }
    code
}

unsafe extern "C" fn unlock_file(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    lock(&handle.app.locks).files.insert((handle.name.clone(), handle.number), level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let locks = lock(&handle.app.locks);
    let mut levels = locks.files.iter().filter(|(of, _)| of.0 == handle.name).map(|(_, level)| *level);
    unsafe { *out = c_int::from(levels.any(|level| level >= ffi::SQLITE_LOCK_RESERVED)) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// As the VFS of Unix says: a write does not touch what stands beside it.
unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    let handle = unsafe { handle(file) };
    let mut locks = lock(&handle.app.locks);
    locks.slots.entry((handle.name.clone(), handle.number)).or_default();
    let regions = locks.indexes.entry(handle.name.clone()).or_default();
    while regions.len() <= region as usize && extend != 0 {
        let Ok(layout) = Layout::from_size_align(size as usize, 8) else { return ffi::SQLITE_NOMEM };
        // SAFETY: SQLite asks for 32 KiB at a time, never for nothing.
        let Some(memory) = NonNull::new(unsafe { alloc_zeroed(layout) }) else { return ffi::SQLITE_NOMEM };
        regions.push(Region(memory, layout));
    }
    let found = regions.get(region as usize).map_or(ptr::null_mut(), |region| region.0.as_ptr());
    unsafe { *out = found.cast() };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let handle = unsafe { handle(file) };
    let mask = (((1_u32 << count) - 1) << offset) as u8;
    let mut locks = lock(&handle.app.locks);
    let own = (handle.name.clone(), handle.number);
    let others = locks.slots.iter().filter(|(of, _)| of.0 == own.0 && of.1 != own.1);
    let (shared, exclusive) = others.fold((0, 0), |all, (_, of)| (all.0 | of.0, all.1 | of.1));
    let wants_exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    let has = locks.slots.entry(own).or_default();
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        *has = (has.0 & !mask, has.1 & !mask);
    } else if exclusive & mask != 0 || (wants_exclusive && shared & mask != 0) {
        return ffi::SQLITE_BUSY;
    } else if wants_exclusive {
        has.1 |= mask;
    } else {
        has.0 |= mask;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    let handle = unsafe { handle(file) };
    let mut locks = lock(&handle.app.locks);
    locks.slots.remove(&(handle.name.clone(), handle.number));
    // With the last connection the index goes: the next one builds it from the log.
    if !locks.slots.keys().any(|of| of.0 == handle.name) {
        locks.indexes.remove(&handle.name);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, _sync: c_int) -> c_int {
    let (app, name) = unsafe { (app(vfs), text(name)) };
    let mut model = lock(&app.model);
    if model.judge(Kind::Sync) != Verdict::Do {
        return ffi::SQLITE_IOERR_DELETE;
    }
    if let Some(name) = name.filter(|name| model.files.contains_key(name)) {
        model.files.remove(&name);
        model.note(Change::Delete { name });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    out: *mut c_int,
) -> c_int {
    let (app, name) = unsafe { (app(vfs), text(name)) };
    let is_there = name.is_some_and(|name| lock(&app.model).files.contains_key(&name));
    unsafe { *out = c_int::from(is_there) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if name.len() > size as usize {
        return ffi::SQLITE_CANTOPEN;
    }
    unsafe { ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len()) };
    ffi::SQLITE_OK
}

/// The same bytes each time but for the number of the call: a recording can be made again.
unsafe extern "C" fn randomness(vfs: *mut ffi::sqlite3_vfs, size: c_int, out: *mut c_char) -> c_int {
    let app = unsafe { app(vfs) };
    let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), size as usize) };
    let mut random = flowrun_sim::random::Random::new(app.next.fetch_add(1, Ordering::Relaxed));
    out.fill_with(|| random.below(256) as u8);
    size
}

/// Sleeps as long as it says. SQLite counts what it asked for, not what passed: with a shorter sleep all its tries for
/// a lock fit into a moment in which the thread that holds it does not run, and it gives up.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    std::thread::sleep(std::time::Duration::from_micros(micros.unsigned_abs().into()));
    micros
}

/// The first of January 2000 as a Julian day.
const JULIAN: f64 = 2_451_544.5;

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    unsafe { *out = JULIAN };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_64(_: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    unsafe { *out = (JULIAN * 86_400_000.0) as ffi::sqlite3_int64 };
    ffi::SQLITE_OK
}
