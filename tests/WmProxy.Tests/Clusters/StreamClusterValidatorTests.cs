using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using WmProxy.Clusters;
using WmProxy.Tests.Common;
using Yarp.ReverseProxy.Configuration;

namespace WmProxy.Tests.Clusters;

public sealed class StreamClusterValidatorTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("1000000")]
    public async Task ValidateAsync_Weight_IsAccepted(string weight) => Assert.Empty(await ValidateAsync(WithWeight(weight)));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5")]
    [InlineData("1000001")]
    [InlineData("99999999999")]
    [InlineData("heavy")]
    public async Task ValidateAsync_BadWeight_IsNamed(string weight)
    {
        var error = Assert.Single(await ValidateAsync(WithWeight(weight)));
        Assert.StartsWith("Clusters:c:Destinations:a:Metadata:Weight: ", error);
        Assert.Contains($"'{weight}'", error);
    }

    [Theory]
    [InlineData("tcp://127.0.0.1", "no port")]
    [InlineData("tls://a:99999", "'99999'")]
    [InlineData("unix:a", "unix:/path")]
    [InlineData("udp://whatever", "no port")]
    [InlineData("socks5://a", "no port")]
    [InlineData("https+connect://u:p@a:0", "'0'")]
    public async Task ValidateAsync_MalformedAddress_IsNamed(string address, string expected)
    {
        var error = Assert.Single(await ValidateAsync(ClusterHost.Cluster("tcp://127.0.0.1:1", address)));
        Assert.StartsWith("Clusters:c:Destinations:b:Address: ", error);
        Assert.Contains(expected, error);
    }

    [Theory]
    [InlineData("http://a")]
    [InlineData("udp://a:53")]
    [InlineData("tcp://a:1")]
    [InlineData("unix:/a")]
    public async Task ValidateAsync_OtherAddress_IsAccepted(string address) => Assert.Empty(await ValidateAsync(ClusterHost.Cluster(address)));

    [Fact]
    public async Task ValidateAsync_MalformedHealthAddress_IsNamed()
    {
        var cluster = ClusterHost.Cluster("http://a") with
        {
            Destinations = new Dictionary<string, DestinationConfig> { ["a"] = new() { Address = "http://a", Health = "tcp://a" } },
        };
        Assert.StartsWith("Clusters:c:Destinations:a:Health: ", Assert.Single(await ValidateAsync(cluster)));
    }

    [Theory]
    [InlineData("ConnectFailures.Threshold", "0")]
    [InlineData("ConnectFailures.Threshold", "x")]
    [InlineData("HealthCheck.Send", "hex:0")]
    [InlineData("HealthCheck.Expect", "hex:zz")]
    public async Task ValidateAsync_BadClusterMetadata_IsNamed(string key, string value)
    {
        var cluster = ClusterHost.Cluster("tcp://a:1") with { Metadata = new Dictionary<string, string> { [key] = value } };
        Assert.StartsWith($"Clusters:c:Metadata:{key}: '{value}'", Assert.Single(await ValidateAsync(cluster)));
    }

    [Theory]
    [InlineData("tls://a:1", "Tls.Fingerprint", "zz", "'zz' is not the SHA-256 fingerprint")]
    [InlineData("tls://a:1", "Tls.Fingerprint", "AB:CD", "'AB:CD' is not the SHA-256 fingerprint")]
    [InlineData("socks5+tls://a:1", "Tls.CertificateAuthorities", "/nowhere/ca.pem", "There is no file '/nowhere/ca.pem'")]
    [InlineData("https+connect://a:1", "Tls.ClientCertificate", "/nowhere/c.pem", "There is no file '/nowhere/c.pem'")]
    [InlineData("tls://a:1", "Tls.ClientCertificateKey", "k.pem", "without 'Tls.ClientCertificate'")]
    [InlineData("tls://a:1", "Tls.Fingerprints", "x", "unknown key; did you mean 'Tls.Fingerprint'?")]
    [InlineData("tcp://a:1", "Tls.CertificateAuthorities", "ca.pem", "has no effect")]
    [InlineData("socks5://a:1", "Tls.Fingerprint", "x", "has no effect")]
    [InlineData("https://a", "Tls.ClientCertificate", "c.pem", "has no effect")]
    public async Task ValidateAsync_BadTlsMetadata_IsNamedWhereItStands(string address, string key, string value, string expected)
    {
        var metadata = new Dictionary<string, string> { [key] = value };
        var cluster = ClusterHost.Cluster(address, address);
        var error = (await ValidateAsync(cluster with { Metadata = metadata }))[0];
        Assert.StartsWith($"Clusters:c:Metadata:{key}: ", error);
        Assert.Contains(expected, error);

        cluster = cluster with { Destinations = cluster.Destinations!.ToDictionary(item => item.Key, item => item.Key == "b" ? item.Value with { Metadata = metadata } : item.Value) };
        error = (await ValidateAsync(cluster))[0];
        Assert.StartsWith($"Clusters:c:Destinations:b:Metadata:{key}: ", error);
        Assert.Contains(expected, error);
    }

    [Fact]
    public async Task ValidateAsync_ClusterWithBothKinds_MayHaveTlsMetadata()
    {
        var cluster = ClusterHost.Cluster("tcp://a:1", "tls://a:1") with { Metadata = new Dictionary<string, string> { ["Tls.Fingerprint"] = $"{new string('0', 64)}, {string.Join(':', Enumerable.Repeat("aB", 32))}" } };
        Assert.Empty(await ValidateAsync(cluster));
        Assert.Contains("DangerousAcceptAnyServerCertificate", Assert.Single(await ValidateAsync(cluster with { HttpClient = new HttpClientConfig { DangerousAcceptAnyServerCertificate = true } })));
    }

    [Fact]
    public async Task ValidateAsync_FilesOfTlsMetadata_AreLookedInto()
    {
        using var certificates = new TestCertificates();
        using var client = certificates.IssueClient("edge");
        using var other = certificates.IssueClient("other");
        var (certificate, key) = certificates.WritePair("edge", client);
        var (_, otherKey) = certificates.WritePair("other", other);
        var encrypted = certificates.Write("encrypted.key", TestCertificates.EncryptedKeyPem(client, "secret"));
        Dictionary<string, string> Metadata(string keyPath, string? password = null)
        {
            var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
            {
                ["tls.certificateAuthorities"] = certificates.RootPath, ["Tls.ClientCertificate"] = certificate, ["Tls.ClientCertificateKey"] = keyPath,
            };
            if (password is not null)
            {
                metadata["Tls.ClientCertificatePassword"] = password;
            }

            return metadata;
        }

        var cluster = ClusterHost.Cluster("tls://a:1", "socks5+tls://b:1");
        Assert.Empty(await ValidateAsync(cluster with { Metadata = Metadata(key) }));
        Assert.Empty(await ValidateAsync(cluster with { Metadata = Metadata(encrypted, "secret") }));
        Assert.StartsWith("Clusters:c:Metadata:Tls.ClientCertificateKey: ", Assert.Single(await ValidateAsync(cluster with { Metadata = Metadata(otherKey) })));
        Assert.StartsWith("Clusters:c:Metadata:Tls.ClientCertificatePassword: ", Assert.Single(await ValidateAsync(cluster with { Metadata = Metadata(encrypted) })));
        var wrong = Assert.Single(await ValidateAsync(cluster with { Metadata = Metadata(encrypted, "secret2") }));
        Assert.StartsWith("Clusters:c:Metadata:Tls.ClientCertificatePassword: ", wrong);
        Assert.DoesNotContain("secret2", wrong);
    }

    [Fact]
    public async Task ValidateAsync_EverythingWrong_IsAllReported()
    {
        var cluster = WithWeight("x") with { Metadata = new Dictionary<string, string> { ["ConnectFailures.Threshold"] = "0", ["HealthCheck.Send"] = "hex:0" } };
        Assert.Equal(3, (await ValidateAsync(cluster)).Count);
    }

    [Fact]
    public void MapReverseProxy_BadWeight_StopsTheStart()
    {
        var exception = Assert.Throws<InvalidOperationException>(() => ClusterHost.Create(WithWeight("x")));
        Assert.Contains("Metadata:Weight", exception.ToString());
    }

    private static ClusterConfig WithWeight(string weight) => new()
    {
        ClusterId = "c",
        Destinations = new Dictionary<string, DestinationConfig>
        {
            ["a"] = new() { Address = "tcp://127.0.0.1:1", Metadata = new Dictionary<string, string> { ["Weight"] = weight } },
        },
    };

    private static async Task<List<string>> ValidateAsync(ClusterConfig cluster)
    {
        var errors = new List<Exception>();
        await new StreamClusterValidator(AppContext.BaseDirectory).ValidateAsync(cluster, errors);
        return [.. errors.Select(error => error.Message)];
    }
}
