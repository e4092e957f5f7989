//! The examples for many machines are what the program takes: every setting, every flag, every port and name.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use gametape_tests::program::Workspace;
use yaml_rust2::{Yaml, YamlLoader};

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Everything in `deploy/kubernetes`, as kind and document.
fn resources() -> Result<Vec<(String, Yaml)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("deploy/kubernetes"))? {
        let text = std::fs::read_to_string(entry?.path())?;
        for document in YamlLoader::load_from_str(&text)? {
            found.push((text_of(&document["kind"])?, document));
        }
    }
    ensure!(found.len() >= 12, "the resources were not found");
    Ok(found)
}

fn text_of(yaml: &Yaml) -> Result<String> {
    yaml.as_str()
        .map(ToOwned::to_owned)
        .with_context(|| format!("no text: {yaml:?}"))
}

fn list(yaml: &Yaml) -> Vec<Yaml> {
    yaml.as_vec().cloned().unwrap_or_default()
}

fn texts(yaml: &Yaml) -> Result<Vec<String>> {
    list(yaml).iter().map(text_of).collect()
}

/// Names and values of a mapping.
fn entries(yaml: &Yaml) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (name, value) in yaml.as_hash().context("no mapping")? {
        found.push((text_of(name)?, value.as_str().unwrap_or_default().to_owned()));
    }
    Ok(found)
}

/// The one of this kind and name.
fn named<'a>(resources: &'a [(String, Yaml)], kind: &str, name: &str) -> Result<&'a Yaml> {
    let found = resources
        .iter()
        .find(|(is, yaml)| is == kind && yaml["metadata"]["name"].as_str() == Some(name));
    Ok(&found.with_context(|| format!("there is no {kind} {name}"))?.1)
}

/// Containers that run our program, with the kind and name of what they are part of.
fn our_containers(resources: &[(String, Yaml)]) -> Result<Vec<(String, Yaml)>> {
    let mut found = Vec::new();
    for (kind, resource) in resources {
        let name = text_of(&resource["metadata"]["name"])?;
        let pod = &resource["spec"]["template"]["spec"];
        for container in [list(&pod["containers"]), list(&pod["initContainers"])].concat() {
            if container["image"]
                .as_str()
                .is_some_and(|image| image.starts_with("gametape:"))
            {
                found.push((format!("{kind} {name}"), container));
            }
        }
    }
    Ok(found)
}

/// The variables of a container, with those from the settings and something for each secret.
fn environment(resources: &[(String, Yaml)], container: &Yaml) -> Result<BTreeMap<String, String>> {
    let mut variables = BTreeMap::new();
    for source in list(&container["envFrom"]) {
        let name = text_of(&source["configMapRef"]["name"])?;
        variables.extend(entries(&named(resources, "ConfigMap", &name)?["data"])?);
    }
    for variable in list(&container["env"]) {
        let name = text_of(&variable["name"])?;
        let value = if let Some(value) = variable["value"].as_str() {
            value.to_owned()
        } else {
            let secret = &variable["valueFrom"]["secretKeyRef"];
            let keys = entries(&named(resources, "Secret", &text_of(&secret["name"])?)?["stringData"])?;
            let key = text_of(&secret["key"])?;
            let found = keys.into_iter().find(|(is, _)| *is == key);
            let (_, value) = found.with_context(|| format!("the secret has no {key}"))?;
            // What people are to fill in.
            if value.is_empty() {
                "filled-in".to_owned()
            } else {
                value
            }
        };
        variables.insert(name, value);
    }
    Ok(variables)
}

/// Whether the program takes these variables (a command that needs nothing but its configuration is run), and these
/// arguments.
fn takes(variables: &BTreeMap<String, String>, arguments: &[String]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let workspace = Workspace::new(&[])?;
    let run = |arguments: &[&str]| -> Result<()> {
        let mut command = workspace.command(arguments);
        let known: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        for name in known {
            command.env_remove(name);
        }
        let done = command.current_dir(folder.path()).envs(variables).output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "{arguments:?} with {variables:?}: {said}");
        Ok(())
    };
    run(&["openapi"])?;
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.push("--help");
    run(&arguments)
}

#[test]
fn kubernetes_gives_the_program_what_it_knows() -> Result<()> {
    let resources = resources()?;
    let containers = our_containers(&resources)?;
    assert_eq!(containers.len(), 4, "migrate, api, model, worker");
    for (name, container) in &containers {
        let variables = environment(&resources, container).with_context(|| name.clone())?;
        takes(&variables, &texts(&container["args"])?).with_context(|| name.clone())?;
        if !texts(&container["args"])?.starts_with(&["model".to_owned()]) {
            for needed in [
                "GAMETAPE_DATABASE_URL",
                "GAMETAPE_MEDIA_URL",
                "GAMETAPE_S3__SECRET_ACCESS_KEY",
            ] {
                assert!(variables.contains_key(needed), "{name}: {needed}");
            }
        }
    }
    // Such a look finds what is wrong.
    let wrong = [("GAMETAPE_NO_SUCH_SETTING".to_owned(), "1".to_owned())].into();
    assert!(takes(&wrong, &[]).is_err());
    let empty = [("GAMETAPE_METRICS_TOKEN".to_owned(), String::new())].into();
    assert!(
        takes(&empty, &[]).is_err(),
        "an empty token opens to nobody, and says nothing"
    );
    assert!(
        takes(
            &BTreeMap::new(),
            &["serve".to_owned(), "--no-such-flag".to_owned()]
        )
        .is_err()
    );
    Ok(())
}

#[test]
fn kubernetes_has_servers_and_workers_that_may_stop_at_any_time() -> Result<()> {
    let resources = resources()?;
    for (name, arguments, port) in [("api", "serve", 7400), ("worker", "worker", 7401)] {
        let deployment = named(&resources, "Deployment", name)?;
        let spec = &deployment["spec"];
        assert!(spec["replicas"].as_i64() >= Some(2), "{name}");
        let pod = &spec["template"]["spec"];
        let container = &pod["containers"][0];
        assert_eq!(container["args"][0].as_str(), Some(arguments));
        assert_eq!(container["ports"][0]["containerPort"].as_i64(), Some(port));
        let liveness = &container["livenessProbe"]["httpGet"];
        assert_eq!(liveness["path"].as_str(), Some("/healthz"), "{name}");
        assert_eq!(liveness["port"], container["ports"][0]["name"], "{name}");
        assert!(
            pod["terminationGracePeriodSeconds"].as_i64() >= Some(15),
            "{name}"
        );
        let labels = &spec["template"]["metadata"]["labels"];
        for (key, value) in entries(&spec["selector"]["matchLabels"])? {
            assert_eq!(labels[key.as_str()].as_str(), Some(value.as_str()), "{name}");
        }
        let budget = named(&resources, "PodDisruptionBudget", name)?;
        assert_eq!(budget["spec"]["selector"], spec["selector"], "{name}");
        let scraped = &spec["template"]["metadata"]["annotations"]["prometheus.io/port"];
        assert_eq!(scraped.as_str(), Some(port.to_string().as_str()));
    }
    let api = named(&resources, "Deployment", "api")?;
    let container = &api["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["readinessProbe"]["httpGet"]["path"].as_str(),
        Some("/readyz")
    );
    assert!(texts(&container["args"])?.contains(&"--no-worker".to_owned()));
    assert!(texts(&container["args"])?.contains(&"0.0.0.0:7400".to_owned()));
    let service = named(&resources, "Service", "api")?;
    for (key, value) in entries(&service["spec"]["selector"])? {
        assert_eq!(
            api["spec"]["template"]["metadata"]["labels"][key.as_str()].as_str(),
            Some(value.as_str())
        );
    }
    // The model that is fetched is the one that is asked for.
    let worker = named(&resources, "Deployment", "worker")?;
    let fetched = &worker["spec"]["template"]["spec"]["initContainers"][0]["args"][2];
    assert_eq!(
        *fetched,
        named(&resources, "ConfigMap", "gametape")?["data"]["GAMETAPE_MODEL"]
    );
    Ok(())
}

#[test]
fn every_pod_is_shut_in_and_bounded() -> Result<()> {
    let mut seen = 0;
    for (kind, resource) in resources()? {
        let pod = &resource["spec"]["template"]["spec"];
        if pod.is_badvalue() {
            continue;
        }
        let name = format!("{kind} {:?}", resource["metadata"]["name"]);
        assert_eq!(
            pod["securityContext"]["runAsNonRoot"].as_bool(),
            Some(true),
            "{name}"
        );
        assert_eq!(
            pod["automountServiceAccountToken"].as_bool(),
            Some(false),
            "{name}"
        );
        let profile = &pod["securityContext"]["seccompProfile"]["type"];
        assert_eq!(profile.as_str(), Some("RuntimeDefault"), "{name}");
        for container in [list(&pod["containers"]), list(&pod["initContainers"])].concat() {
            let context = &container["securityContext"];
            assert_eq!(
                context["allowPrivilegeEscalation"].as_bool(),
                Some(false),
                "{name}"
            );
            assert_eq!(context["readOnlyRootFilesystem"].as_bool(), Some(true), "{name}");
            assert_eq!(texts(&context["capabilities"]["drop"])?, ["ALL"], "{name}");
            assert!(
                !container["resources"]["requests"]["memory"].is_badvalue(),
                "{name}"
            );
            assert!(
                !container["resources"]["limits"]["memory"].is_badvalue(),
                "{name}"
            );
            let image = text_of(&container["image"])?;
            assert!(image.contains(':') && !image.ends_with(":latest"), "{image}");
            seen += 1;
        }
        assert_eq!(
            resource["metadata"]["namespace"].as_str(),
            Some("gametape"),
            "{name}"
        );
    }
    assert_eq!(seen, 7, "postgres, s3, bucket, migrate, api, model, worker");
    Ok(())
}

#[test]
fn compose_gives_the_program_what_it_knows() -> Result<()> {
    let text = std::fs::read_to_string(root().join("docker-compose.yml"))?;
    let document = YamlLoader::load_from_str(&text)?.remove(0);
    // What stands for every service of ours; the values of people are filled in.
    let mut variables = BTreeMap::new();
    for (name, value) in entries(&document["x-gametape"]["environment"])? {
        let value = match value.split_once(":-").filter(|_| value.starts_with("${")) {
            Some((_, default)) => default.trim_end_matches('}').to_owned(),
            None => value,
        };
        variables.insert(name, value);
    }
    assert!(variables.len() > 8, "{variables:?}");
    for (service, replicas) in [("api", 2), ("worker", 2), ("migrate", 0), ("model", 0)] {
        let is = &document["services"][service];
        assert!(!is.is_badvalue(), "there is no {service}");
        let arguments: Vec<String> = texts(&is["command"])?
            .into_iter()
            .map(|it| {
                if it.starts_with("${") {
                    "base".to_owned()
                } else {
                    it
                }
            })
            .collect();
        takes(&variables, &arguments).with_context(|| service.to_owned())?;
        assert!(
            is["deploy"]["replicas"].as_i64().unwrap_or(0) >= replicas,
            "{service}"
        );
    }
    // Servers that are several are reached through the one in front.
    assert!(document["services"]["api"]["ports"].is_badvalue());
    assert!(!document["services"]["proxy"]["ports"].is_badvalue());
    let proxy = text_of(&document["configs"]["proxy"]["content"])?;
    assert!(proxy.contains("api 7400"), "{proxy}");
    Ok(())
}
