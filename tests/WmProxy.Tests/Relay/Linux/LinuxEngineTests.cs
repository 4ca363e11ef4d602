using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using WmProxy.Configuration;
using WmProxy.Relay.Linux;
using WmProxy.Tests.Common;
using WmProxy.Tests.Server;

namespace WmProxy.Tests.Relay.Linux;

[Collection(typeof(OwnDescriptorsCollection))]
[SupportedOSPlatform("linux")]
public sealed class LinuxEngineTests
{
    private readonly CapturingLogger<LinuxEngine> _logger = new();

    [Theory]
    [InlineData(RelayEngineKind.Auto)]
    [InlineData(RelayEngineKind.Linux)]
    public void TryGetLoops_OnLinux_GivesOneForEachProcessorAndSaysSoOnce(RelayEngineKind kind)
    {
        using var engine = new LinuxEngine(_logger);

        Assert.True(engine.TryGetLoops(kind, out var loops));
        Assert.Equal(Environment.ProcessorCount, loops.Count);
        Assert.True(engine.TryGetLoops(kind, out var again));
        Assert.Same(loops, again);
        Assert.Equal(LogLevel.Debug, Assert.Single(_logger.Entries).Level);
    }

    [Fact]
    public void TryGetLoops_PortableIsAskedFor_GivesNoneAndSaysSoOnce()
    {
        using var engine = new LinuxEngine(_logger);

        Assert.False(engine.TryGetLoops(RelayEngineKind.Portable, out _));
        Assert.False(engine.TryGetLoops(RelayEngineKind.Portable, out _));
        var (level, message) = Assert.Single(_logger.Entries);
        Assert.Equal(LogLevel.Debug, level);
        Assert.Contains("Portable", message);

        // A reload may choose the other one.
        Assert.True(engine.TryGetLoops(RelayEngineKind.Auto, out _));
        Assert.Equal(2, _logger.Entries.Count);
    }

    [Fact]
    public async Task Dispose_LoopsThatRun_EndsThem()
    {
        var engine = new LinuxEngine(_logger);
        Assert.True(engine.TryGetLoops(RelayEngineKind.Auto, out var loops));
        var handlers = new List<TestHandler>();
        foreach (var loop in loops)
        {
            var handler = new TestHandler(_ => { });
            handlers.Add(handler);
            loop.Post(new ActionCommand(() => handler.Register(loop)));
        }

        engine.Dispose();

        await Deadline.PollAsync(() => Task.FromResult(handlers.All(handler => handler.WasStopped)));
    }

    [Fact]
    public async Task TryGetLoops_NoDescriptorLeft_LeavesItToThePortableEngineAndWarnsOnce()
    {
        using var engine = new LinuxEngine(_logger);
        var outcome = new TaskCompletionSource<(bool, bool)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                TestCalls.HaveOwnDescriptors();

                // Enough for one loop, but not for two.
                TestCalls.UseUpDescriptors(left: Environment.ProcessorCount > 1 ? 3 : 1);
                outcome.SetResult((engine.TryGetLoops(RelayEngineKind.Auto, out _), engine.TryGetLoops(RelayEngineKind.Auto, out _)));
            }
            catch (Exception ex)
            {
                outcome.SetException(ex);
            }
        });
        thread.Start();

        Assert.Equal((false, false), await outcome.Task.Within());
        var (level, message) = Assert.Single(_logger.Entries);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("open files", message);
    }
}
