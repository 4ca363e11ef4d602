using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using WmProxy.Tests.Common;
using static WmProxy.EndToEndTests.ForwardProxy.ForwardProxyFixture;

namespace WmProxy.EndToEndTests.ForwardProxy;

/// <summary>.NET's own client.</summary>
public sealed class HttpClientTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    [Theory]
    [InlineData("http", Open)]
    [InlineData("socks4", Open)]
    [InlineData("socks4a", Open)]
    [InlineData("socks5", Open)]
    [InlineData("https", Secure)]
    [InlineData("http", Private)]
    [InlineData("socks5", Private)]
    [InlineData("https", SecurePrivate)]
    public async Task GetAndPost_WebProxy_WorkOverHttpAndHttps(string scheme, string host)
    {
        using var client = CreateClient(scheme, host, host is Private or SecurePrivate ? "open sesame" : null);

        var texts = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => client.GetStringAsync($"{(i % 2 == 0 ? fixture.Http : fixture.Https)}/{i}")));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"GET /{i} 127.0.0.1\n"), texts);

        var data = TestData.Create(1_000_000, seed: 31);
        foreach (var destination in (string[])[fixture.Http, fixture.Https])
        {
            using var response = await client.PostAsync($"{destination}/echo", new ByteArrayContent(data));
            var echoed = await response.Content.ReadAsByteArrayAsync();
            Assert.True(data.AsSpan().SequenceEqual(echoed));
        }
    }

    [Fact]
    public async Task Get_WrongPassword_Is407()
    {
        using var client = CreateClient("http", Private, "wrong");

        using var response = await client.GetAsync($"{fixture.Http}/a");
        Assert.Equal(HttpStatusCode.ProxyAuthenticationRequired, response.StatusCode);

        var tunnel = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"{fixture.Https}/a"));
        Assert.Equal(HttpRequestError.ProxyTunnelError, tunnel.HttpRequestError);
        Assert.Contains("407", tunnel.Message, StringComparison.Ordinal);
    }

    private HttpClient CreateClient(string scheme, string host, string? password)
    {
        var authority = X509CertificateLoader.LoadCertificateFromFile(fixture.AuthorityPath);
        var handler = new SocketsHttpHandler
        {
            Proxy = new WebProxy($"{scheme}://{fixture.Proxy.Authority(host)}") { Credentials = password is null ? null : new NetworkCredential("alice", password) },
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
            },
        };
        return new HttpClient(handler) { Timeout = Deadline.Default };
    }
}
