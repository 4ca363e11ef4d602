using System;
using System.Linq;
using Microsoft.Extensions.Configuration;
using WmProxy.Management;

namespace WmProxy.Tests.Management;

public sealed class ConfigurationSnapshotTests
{
    [Fact]
    public void Take_ThenChange_KeepsValuesAndSpelling()
    {
        var live = new ConfigurationManager { ["A:Name"] = "1", ["A:list:0"] = "x", ["B"] = "" };

        var snapshot = ConfigurationSnapshot.Take(live);
        live["A:Name"] = "2";

        Assert.Equal("1", snapshot["a:name"]);
        Assert.Equal(["list", "Name"], snapshot.GetSection("A").GetChildren().Select(child => child.Key));
        Assert.Equal("", snapshot["B"]);
        Assert.Null(snapshot["A"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(19)]
    public void Take_ValuesReplacedInTheMiddle_SeesOneState(int replaceAt)
    {
        var source = new Replaced(replaceAt);
        var live = new ConfigurationBuilder().Add(source).Build();

        var snapshot = ConfigurationSnapshot.Take(live);

        Assert.Equal(Enumerable.Repeat("new", 20), snapshot.AsEnumerable().Select(item => item.Value));
    }

    /// <summary>A file that is saved while it is read: the values are others from a certain look at them on.</summary>
    private sealed class Replaced(int replaceAt) : ConfigurationProvider, IConfigurationSource
    {
        private int _looks;

        public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

        public override void Load() => Set("old");

        public override bool TryGet(string key, out string? value)
        {
            if (++_looks == replaceAt)
            {
                Set("new");
            }

            return base.TryGet(key, out value);
        }

        private void Set(string value) => Data = Enumerable.Range(0, 20).ToDictionary(i => $"k{i}", _ => (string?)value, StringComparer.OrdinalIgnoreCase);
    }
}
