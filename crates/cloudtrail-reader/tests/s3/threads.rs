//! Reading ahead, on several threads, and stopping.

use super::*;

#[test]
fn no_more_is_read_ahead_than_the_memory_allows() {
    let objects: Objects = (0..40)
        .map(|number| (format!("{number:02}"), vec![0; 10_240]))
        .collect();
    let bucket = Bucket::start(objects, 1000, |_, _, _| None);
    let options = {
        let mut options = options(&bucket.endpoint);
        options.ahead_bytes = 3 * 10_240;
        options
    };
    let source = open("s3://bucket", options);
    let listed: Vec<S3Object> = source.list().map(Result::unwrap).collect();
    let listings = bucket.requests().len();
    let fetched = source.fetch_ahead(listed.into_iter().map(Ok)).unwrap();
    let mut given = 0;
    for fetched in fetched {
        assert_eq!(fetched.unwrap().content.unwrap().len(), 10_240);
        given += 1;
        let asked = bucket.requests().len() - listings;
        assert!(asked <= given + 3, "{asked} asked for, {given} given");
    }
    assert_eq!(given, 40);
}

#[test]
fn several_threads_take_each_object_once() {
    let objects: Objects = (0..300)
        .map(|number| (format!("{number:03}"), vec![0; 100]))
        .collect();
    let expected: Vec<String> = objects.keys().cloned().collect();
    let bucket = Bucket::start(objects, 1000, |_, _, _| None);
    let source = open("s3://bucket", options(&bucket.endpoint));
    let fetched = source.fetch_ahead(source.list()).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let fetched = fetched.clone();
            std::thread::spawn(move || {
                fetched
                    .map(|fetched| fetched.unwrap().object.key)
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    drop((fetched, source));
    let mut keys: Vec<String> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    keys.sort();
    assert_eq!(keys, expected);
}

/// As many as the pool has, however many processors there are.
#[test]
fn all_threads_of_the_pool_read_a_bucket() {
    const THREADS: usize = 7;
    let objects: Objects = (0..THREADS)
        .map(|number| (number.to_string(), br#"{"Records":[]}"#.to_vec()))
        .collect();
    let bucket = Bucket::start(objects, 1000, |_, _, _| None);
    let source = Arc::new(open("s3://bucket", options(&bucket.endpoint)));
    let listed = source.list().map(|object| {
        Ok(TrailObject::S3 {
            source: source.clone(),
            object: object.unwrap(),
        })
    });
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build();
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
    // Each waits for the others: one thread cannot take two objects.
    let (arrived, all) = (Mutex::new(0), Condvar::new());
    let read = pool.unwrap().install(|| {
        reader.read_objects(listed, &|_| {
            let mut arrived = arrived.lock().unwrap();
            *arrived += 1;
            all.notify_all();
            let patience = Duration::from_secs(20);
            let (arrived, waited) = all
                .wait_timeout_while(arrived, patience, |arrived| *arrived < THREADS)
                .unwrap();
            assert!(!waited.timed_out(), "{arrived} threads read");
        })
    });
    assert_eq!(read.reconciliation.objects_read, THREADS as u64);
}

/// A server that takes connections and says nothing, with all the patience that there is by default.
#[test]
fn stopping_does_not_wait_for_an_answer() {
    for silent_listing in [true, false] {
        let objects = objects([("a", "1"), ("b", "2")]);
        let (silent, is_silent) = mpsc::channel();
        let bucket = Bucket::start(objects, 1000, move |request, _, _| {
            let is_met = silent_listing || !request.key.is_empty();
            is_met.then(|| {
                let _ = silent.send(());
                Reply::Silence
            })
        });
        let patient = {
            let mut options = options(&bucket.endpoint);
            options.timeout = Duration::from_secs(600);
            options
        };
        let stop = patient.stop.clone();
        let source = open("s3://bucket", patient);
        let stopper = std::thread::spawn(move || {
            is_silent.recv().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        let start = Instant::now();
        assert_eq!(source.fetch_ahead(source.list()).unwrap().count(), 0);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(60), "{took:?}");
        stopper.join().unwrap();
    }
}

#[test]
fn nothing_goes_on_when_nobody_takes_the_objects() {
    let objects: Objects = (0..50)
        .map(|number| (format!("{number:02}"), vec![0; 5_000]))
        .collect();
    let bucket = Bucket::start(objects, 10, |request, _, _| {
        (!request.is_list() && request.key != "00").then_some(Reply::Silence)
    });
    let source = open("s3://bucket", options(&bucket.endpoint));
    let (alive, gone) = mpsc::channel::<()>();
    let objects = source.list().inspect(move |_| {
        let _ = &alive;
    });
    let mut fetched = source.fetch_ahead(objects).unwrap();
    assert_eq!(fetched.next().unwrap().unwrap().object.key, "00");
    drop(fetched);
    // The listing was dropped: the thread that took from it ended.
    assert_eq!(
        gone.recv_timeout(Duration::from_secs(60)),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
#[should_panic(expected = "the listing broke")]
fn a_panic_in_the_listing_is_not_taken_for_its_end() {
    let bucket = Bucket::start(objects([("a", "x")]), 1000, |_, _, _| None);
    let source = open("s3://bucket", options(&bucket.endpoint));
    let broken = source.list().map(|_| panic!("the listing broke"));
    source.fetch_ahead(broken).unwrap().for_each(drop);
}
