using System;
using System.Collections.Generic;
using System.Runtime.Versioning;
using WmProxy.Relay.Linux;
using Xunit.Sdk;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>
/// The relay against a kernel that does what it may: readiness in any order and told of once, short reads and writes, ends and resets at any point, no pipes,
/// urgent data. No byte is lost, doubled or misplaced, no end comes early or instead of a failure, and nobody waits for what never comes.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed class RelayMachineFuzzTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Run_RandomPeersAndReadiness_DoesWhatTheModelSays(int part)
    {
        const int Runs = 2_500;
        var outcomes = new Dictionary<RelayOutcome, int>();
        for (var seed = part * Runs; seed < (part + 1) * Runs; seed++)
        {
            try
            {
                var outcome = RelayMachineSimulation.Run(seed);
                outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
            }
            catch (Exception ex)
            {
                throw new XunitException($"With the seed {seed}: {ex.Message}", ex);
            }
        }

        // Every end is met often, or the runs do not tell much.
        Assert.True(outcomes.GetValueOrDefault(RelayOutcome.Completed) > Runs / 4, $"{outcomes.GetValueOrDefault(RelayOutcome.Completed)}");
        Assert.True(outcomes.GetValueOrDefault(RelayOutcome.ClientFailed) > Runs / 40, $"{outcomes.GetValueOrDefault(RelayOutcome.ClientFailed)}");
        Assert.True(outcomes.GetValueOrDefault(RelayOutcome.UpstreamFailed) > Runs / 40, $"{outcomes.GetValueOrDefault(RelayOutcome.UpstreamFailed)}");
    }
}
