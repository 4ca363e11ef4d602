using System;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using static WmProxy.EndToEndTests.ForwardProxy.ForwardProxyFixture;

namespace WmProxy.EndToEndTests.ForwardProxy;

public sealed class ChromiumTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    private const int Parallel = 30;

    // Chromium has no passwords for SOCKS.
    [Theory]
    [InlineData("socks5", Open, "open", null)]
    [InlineData("http", Private, "private", "open sesame")]
    [InlineData("https", Secure, "secure", null)]
    [InlineData("https", SecurePrivate, "secure-private", "open sesame")]
    public async Task Open_ProxyOfEachKind_ShowsPagesOverHttpAndHttps(string scheme, string host, string name, string? password)
    {
        await using (var browser = await ChromiumBrowser.StartAsync($"{scheme}://{fixture.Proxy.Authority(host)}", password is null ? null : ("alice", password)))
        {
            await BrowseAsync(browser);

            // A password is typed once, and the browser knows it from then on.
            Assert.Equal(password is null ? 0 : 1, browser.Challenges);
        }

        // Connections are lines of the log when they have ended. A browser that goes around the proxy leaves none.
        foreach (var port in (int[])[fixture.HttpPort, fixture.HttpsPort])
        {
            await fixture.Proxy.Process.WaitForAsync($" proxy {name} user {(password is null ? "-" : "alice")} (target |GET http://)localhost:{port}[/ ]");
        }
    }

    [Fact]
    public async Task Open_WrongPassword_ShowsNoPage()
    {
        await using var browser = await ChromiumBrowser.StartAsync($"http://{fixture.Proxy.Authority(Private)}", ("alice", "wrong"));

        var http = await browser.OpenAsync($"http://localhost:{fixture.HttpPort}/page");

        Assert.Equal(2, browser.Challenges);
        Assert.DoesNotContain("GET /page", http, StringComparison.Ordinal);
    }

    private async Task BrowseAsync(ChromiumBrowser browser)
    {
        Assert.Equal("GET /page localhost", (await browser.OpenAsync($"http://localhost:{fixture.HttpPort}/page")).Trim());
        Assert.Equal("GET /page localhost", (await browser.OpenAsync($"https://localhost:{fixture.HttpsPort}/page")).Trim());

        // A page's many requests at once, and bytes up and down.
        var all = await browser.EvaluateAsync(
            $"Promise.all([...Array({Parallel}).keys()].map(i => fetch('/r' + i).then(r => r.text()))).then(texts => texts.every((t, i) => t == 'GET /r' + i + ' localhost\\n') + '')");
        Assert.Equal("true", all);
        var echoed = await browser.EvaluateAsync("fetch('/echo', { method: 'POST', body: 'x'.repeat(1000000) }).then(r => r.text()).then(t => t.length + '')");
        Assert.Equal("1000000", echoed);
    }
}
