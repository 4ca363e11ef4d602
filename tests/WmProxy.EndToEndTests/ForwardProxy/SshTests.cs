using System.Linq;
using System.Threading.Tasks;
using WmProxy.EndToEndTests.Harness;
using WmProxy.Tests.Common;
using static WmProxy.EndToEndTests.ForwardProxy.ForwardProxyFixture;

namespace WmProxy.EndToEndTests.ForwardProxy;

public sealed class SshTests(ForwardProxyFixture fixture) : IClassFixture<ForwardProxyFixture>
{
    private const int Length = 50_000_000;

    // The connection of ssh is watched by its own checks: a byte that is lost, changed or out of order ends it.
    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task ProxyCommand_FiftyMegabytesEachWay_ArriveUnharmed(string type)
    {
        var ncat = ExternalTool.Require("ncat", "ncat").Path;
        await using var server = await SshServer.StartAsync();
        using var folder = new TempDirectory();
        var (sent, received) = (folder.Combine("sent"), folder.Combine("received"));
        await System.IO.File.WriteAllBytesAsync(sent, TestData.Create(Length, seed: 21));
        var proxyCommand = $"{ncat} --proxy {fixture.Proxy.Authority(Open)} --proxy-type {type} %h %p";

        // Both directions at once, on one connection.
        var result = await server.EchoAsync(proxyCommand, sent, received);

        Assert.True(result.ExitCode == 0, result.ToString());
        Assert.True((await System.IO.File.ReadAllBytesAsync(received)).SequenceEqual(TestData.Create(Length, seed: 21)));
    }
}
