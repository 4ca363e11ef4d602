using WmProxy.Configuration.Values;

namespace WmProxy.Tests.Configuration.Values;

public sealed class NearestNameTests
{
    private static readonly string[] Names = ["ClusterId", "Listen", "To", "Tls", "ConnectTimeout"];

    [Theory]
    [InlineData("clusterid", "ClusterId")]
    [InlineData("ClusterID2", "ClusterId")]
    [InlineData("Lsiten", "Listen")]
    [InlineData("Listeen", "Listen")]
    [InlineData("Lisen", "Listen")]
    [InlineData("ConectTimeot", "ConnectTimeout")]
    [InlineData("Tsl", "Tls")]
    [InlineData("Banana", null)]
    [InlineData("", null)]
    public void Find_Misspelt_GivesNearestOrNone(string name, string? expected) => Assert.Equal(expected, NearestName.Find(name, Names));

    [Fact]
    public void Find_HugeName_GivesNone() => Assert.Null(NearestName.Find(new string('a', 100_000), [new string('a', 100_000), "a"]));
}
