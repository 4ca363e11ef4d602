using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using WmProxy.Server.CommandLine;
using WmProxy.Tests.Common;
using WmProxy.Tests.Configuration;

namespace WmProxy.Tests.Docs;

/// <summary>Every configuration that a document or a sample shows is one that the program takes.</summary>
public sealed class DocumentedConfigurationTests : IDisposable
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private readonly TestCertificates _certificates = new(intermediate: false);

    public static TheoryData<string, string> Configurations()
    {
        var data = new TheoryData<string, string>();
        foreach (var (name, json) in ConfigurationSchemaTests.Shipped().Where(shipped => shipped.Name != nameof(FullConfig)))
        {
            data.Add(name, json);
        }

        return data;
    }

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [MemberData(nameof(Configurations))]
    public async Task Check_DocumentedConfiguration_FindsNoError(string name, string json)
    {
        var root = JsonNode.Parse(json, documentOptions: Lenient)!;
        CreateFiles(root);
        var error = new StringWriter();

        var exitCode = await WmProxyCommand.InvokeAsync(
            ["check", "-c", _certificates.Write("appsettings.json", root.ToJsonString())],
            new InvocationConfiguration { Output = TextWriter.Null, Error = error });

        Assert.True(exitCode == 0, $"{name}: {error}");
    }

    /// <summary>Creates the folders and certificates that the configuration names, so that only the configuration itself is judged.</summary>
    private void CreateFiles(JsonNode root)
    {
        foreach (var (parent, key, value) in TextsOf(root).ToList())
        {
            // What a document shows as /srv/… or /etc/… is below the test's folder here.
            var path = Path.Combine(_certificates.Directory, value.TrimStart('/'));
            switch (key)
            {
                case "Root":
                    Directory.CreateDirectory(path);
                    parent[key] = path;
                    break;
                case "ClientCertificateAuthorities" or "Tls.CertificateAuthorities":
                    File.WriteAllText(path, _certificates.Root.ExportCertificatePem());
                    parent[key] = path;
                    break;
                case "Tls.ClientCertificate" when parent["Tls.ClientCertificateKey"]?.GetValue<string>() is { } clientKey:
                    using (var certificate = _certificates.IssueClient("client"))
                    {
                        parent[key] = _certificates.Write(value.TrimStart('/'), _certificates.ChainPem(certificate));
                        parent["Tls.ClientCertificateKey"] = _certificates.Write(clientKey.TrimStart('/'), TestCertificates.KeyPem(certificate));
                    }

                    break;
                case "Path" when parent["KeyPath"]?.GetValue<string>() is { } keyPath:
                    using (var certificate = _certificates.IssueServer(["localhost"]))
                    {
                        parent["Path"] = _certificates.Write(value.TrimStart('/'), _certificates.ChainPem(certificate));
                        parent["KeyPath"] = _certificates.Write(keyPath.TrimStart('/'), TestCertificates.KeyPem(certificate));
                    }

                    break;
            }
        }
    }

    private static IEnumerable<(JsonObject Parent, string Key, string Value)> TextsOf(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(item => item.Value is JsonValue value && value.TryGetValue<string>(out var text) ? [(map, item.Key, text)] : TextsOf(item.Value)),
        JsonArray list => list.SelectMany(TextsOf),
        _ => [],
    };
}
