using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;
using WmProxy.Server.Lifetime;

namespace WmProxy.Tests.Diagnostics;

public sealed class EventIdsTests
{
    private static readonly Dictionary<string, int> Ids = typeof(EventIds)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .ToDictionary(field => field.Name, field => (int)field.GetRawConstantValue()!);

    private static readonly (MethodInfo Method, LoggerMessageAttribute Attribute)[] Messages =
    [
        .. new[] { typeof(EventIds).Assembly, typeof(SignalLifetime).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(item => item.Item2 is not null),
    ];

    [Fact]
    public void Ids_All_AreUnique() => Assert.Equal(Ids.Count, Ids.Values.Distinct().Count());

    [Fact]
    public void LoggerMessages_All_UseTheIdOfTheirName()
    {
        Assert.NotEmpty(Messages);
        Assert.All(Messages, item => Assert.Equal(
            (item.Method.Name, (int?)item.Attribute.EventId),
            (item.Method.Name, Ids.TryGetValue(item.Method.Name, out var id) ? id : null)));
    }

    [Fact]
    public void LoggerMessages_All_HaveANameOfTheirOwn() =>
        Assert.Empty(Messages.GroupBy(item => item.Attribute.EventName ?? item.Method.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key));
}
