namespace WmProxy.Tests.Relay.Linux;

/// <summary>Tests of which a thread has descriptors of its own (<see cref="TestCalls.HaveOwnDescriptors"/>): alone, as all others are open twice for a moment.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class OwnDescriptorsCollection;
