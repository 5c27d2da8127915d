//! Harbor, Quay and Nexus as their public documentation has them answer: fixtures, not the products. And a token server.

use super::server::{Authority, Reply, Server, json, says};
use super::*;

/// A look at a registry that answers so once one is logged in; `anybody` else gets the former.
async fn look_at(
    user: &str,
    anybody: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static,
    inside: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Told<Standing>, Server, Authority) {
    let authority = Authority::new();
    let server = Server::start(authority.leaf("127.0.0.1", |_| ()), move |head| {
        let line = head.split(" HTTP").next().unwrap_or_default();
        if let Some(reply) = anybody(line) {
            return reply;
        }
        let lower = head.to_lowercase();
        match lower.contains("authorization: basic ") || head.contains(&format!("Bearer {PASSWORD}")) {
            true => inside(line),
            false => says(401, &["WWW-Authenticate: Basic realm=\"company\""], ""),
        }
    });
    let credentials = Credentials {
        user: user.into(),
        ..credentials()
    };
    let external = server.external();
    let talk = Talk {
        http: Http::new(agent().await, authority.pem.as_bytes()).unwrap(),
        external: &external,
        credentials: &credentials,
    };
    let found = talk.standing().await;
    (found, server, authority)
}

/// Makes the project there, with the authority in a file as a user has it.
async fn make(product: Product, user: &str, server: &Server, authority: &Authority) -> Result<()> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, &authority.pem).unwrap();
    let external = External {
        ca_file: Some(file),
        ..server.external()
    };
    let credentials = Credentials {
        user: user.into(),
        ..credentials()
    };
    make_project(&external, &credentials, &agent().await, product).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn harbor_as_documented() {
    let anybody = |line: &str| {
        let about = r#"{"auth_mode": "db_auth", "self_registration": false}"#;
        (line == "GET /api/v2.0/systeminfo").then(|| json(200, about))
    };
    let inside = |line: &str| match line {
        "GET /v2/" => json(200, "{}"),
        "HEAD /api/v2.0/projects?project_name=team" => says(404, &[], ""),
        "GET /api/v2.0/projects/team/repositories?page_size=100" => json(200, r#"[{"name": "team/web"}]"#),
        "POST /api/v2.0/projects" => says(201, &["Location: /api/v2.0/projects/7"], ""),
        _ => json(400, "{}"),
    };
    let (found, server, authority) = look_at(USER, anybody, inside).await;
    let found = found.unwrap();
    assert_eq!((found.product, found.project), (Product::Harbor, Some(false)));
    assert_eq!(found.repositories, Some(1));
    assert!(found.told(&server.external()).en.contains("Harbor (unproved)"));
    make(Product::Harbor, USER, &server, &authority).await.unwrap();
    let nameless = External {
        namespace: None,
        ..server.external()
    };
    assert_eq!(
        standing(&nameless, &authority.pem).await,
        Err(Failure::Nameless("Harbor"))
    );
    let asked = server.asked();
    let strange = asked
        .iter()
        .find(|head| head.starts_with("GET /api/v2.0/systeminfo"));
    assert!(!strange.unwrap().to_lowercase().contains("authorization"));
    let made = asked.iter().find(|head| head.starts_with("POST ")).unwrap();
    assert!(made.contains("content-type: application/json"), "{made}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_one_may_not_make_is_said_to_be() {
    let inside = |line: &str| match line {
        "POST /api/v2.0/projects" => json(403, "{}"),
        _ => json(200, "{}"),
    };
    let (_, server, authority) = look_at(USER, |_| None, inside).await;
    let error = make(Product::Harbor, USER, &server, &authority)
        .await
        .unwrap_err();
    assert!(error.what().en.contains("cannot make `team`"), "{error}");
    assert!(error.causes()[0].contains("403"), "{error}");
    assert!(error.advice().unwrap().en.contains("administrator"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nexus_as_documented() {
    let anybody = |line: &str| {
        let status = ["Server: Nexus/3.70.1-02 (OSS)"];
        (line == "GET /service/rest/v1/status").then(|| says(200, &status, ""))
    };
    let inside = |line: &str| match line {
        "GET /v2/" => json(200, "{}"),
        "GET /service/rest/v1/search?format=docker&name=team/*" => json(
            200,
            r#"{"items": [{"name": "team/web", "version": "1"}], "continuationToken": null}"#,
        ),
        _ => json(404, "{}"),
    };
    let found = look_at(USER, anybody, inside).await.0.unwrap();
    assert_eq!((found.product, found.project), (Product::Nexus, None));
    assert_eq!(found.repositories, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quay_as_documented_takes_only_a_token_for_more_than_pushes() {
    let anybody = |line: &str| {
        let about = r#"{"swagger": "2.0", "paths": {"/api/v1/repository": {}}}"#;
        (line == "GET /api/v1/discovery").then(|| json(200, about))
    };
    let inside = |line: &str| match line {
        "GET /v2/" => json(200, "{}"),
        "GET /api/v1/organization/team" => json(404, "{}"),
        "POST /api/v1/organization/" => json(201, "\"Created\""),
        "GET /api/v1/repository?namespace=team" => {
            json(200, r#"{"repositories": [{"namespace": "team", "name": "web"}]}"#)
        }
        _ => json(400, "{}"),
    };
    let found = look_at("team+robot", anybody, inside).await.0.unwrap();
    assert_eq!((found.product, found.project), (Product::Quay, None));
    assert_eq!(found.repositories, None);
    let (found, server, authority) = look_at("$oauthtoken", anybody, inside).await;
    let found = found.unwrap();
    assert_eq!((found.project, found.repositories), (Some(false), Some(1)));
    make(Product::Quay, "$oauthtoken", &server, &authority)
        .await
        .unwrap();
    assert!(
        server
            .asked()
            .last()
            .unwrap()
            .contains(&format!("Bearer {PASSWORD}"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_fetched_where_the_registry_says_and_shown_to_it_alone() {
    let authority = Authority::new();
    let tokens = Server::start(authority.leaf("127.0.0.1", |_| ()), |head| {
        if head.starts_with("GET /token?account=robot%24lab&service=company") && !head.contains("catalog") {
            return json(200, r#"{"token": "for-the-base"}"#);
        }
        json(401, "{}")
    });
    let realm = format!("https://127.0.0.1:{}/token", tokens.port);
    let server = Server::start(authority.leaf("127.0.0.1", |_| ()), move |head| {
        let demand = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"company\"");
        match head.contains("authorization: Bearer for-the-base\r\n") {
            true => json(200, "{}"),
            false => says(401, &[&demand], ""),
        }
    });
    let found = standing(&server.external(), &authority.pem).await.unwrap();
    // Whoever may not list repositories is not told how many there are.
    assert_eq!((found.product, found.repositories), (Product::Distribution, None));
    assert!(
        tokens
            .asked()
            .iter()
            .all(|head| head.contains("authorization: Basic "))
    );
    assert!(
        server.asked().iter().all(|head| !head.contains("Basic")),
        "the password went to the registry"
    );
    let plain = |_: &str| {
        says(
            401,
            &["WWW-Authenticate: Bearer realm=\"http://127.0.0.1/token\""],
            "",
        )
    };
    assert_eq!(
        failure(plain).await.0,
        Failure::Astray("http://127.0.0.1/token".into())
    );
}
